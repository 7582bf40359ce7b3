"""Groups joined into units, so that exact methods have few downsets to look at.

    a - b - c - d           ab - cd        neighbours with little work become one, in series and then in parallel;
     \\ e - f /              \\ ef /        no join makes two units wait for each other
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from cnngraph.partition.problem import Ints, Problem
from cnngraph.partition.relaxed import Joined

SHARES = (1000, 250, 64, 32, 16, 8, 4, 2, 1)  # a unit has at most this part of the work of one device


def regrouped(problem: Problem, into: Ints) -> Problem:
    """The problem with new groups: `into` is the new group of each old one, numbered in the new order of the chain."""
    count = int(into.max()) + 1
    pins = np.full(count, -1, np.int64)
    np.maximum.at(pins, into, problem.pins)
    first = np.unique(into, return_index=True)[1]
    pairs = {(int(into[a]), int(into[b])) for a, b in problem.before}
    return replace(
        problem,
        groups=tuple(problem.groups[g] for g in first),
        group_of=into[problem.group_of],
        before=frozenset((a, b) for a, b in pairs if a != b),
        memory=Joined(problem.memory, into),
        pins=pins,
        exchange_bytes=tuple(np.bincount(into, problem.exchange_bytes)) if problem.exchange_bytes else (),
    )


def expanded(into: Ints, device_of: Sequence[int]) -> tuple[int, ...]:
    """The device of each old group."""
    return tuple(int(device_of[g]) for g in into)


class Units:
    """Groups joined into units; a join never makes two units wait for each other."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        count = len(problem.groups)
        self.into = np.arange(count)
        self.work = np.where(np.isfinite(problem.seconds), problem.seconds, 0.0).max(axis=0)
        self.pins = [int(pin) for pin in problem.pins]
        self.able = np.isfinite(problem.seconds)
        self.before: dict[int, set[int]] = {g: set() for g in range(count)}
        self.after: dict[int, set[int]] = {g: set() for g in range(count)}
        for a, b in problem.before:
            self.before[b].add(a)
            self.after[a].add(b)

    def join(self, most: float, freely: bool = False) -> None:
        """Joins what is in series or parallel and has no more work than `most` together, as long as there is any.

        A series is two units that nothing else leads between; `freely` also the ends of branches with their trunk.
        """
        changed = True
        while changed:
            changed = False
            for unit in sorted(self.after):
                if unit not in self.after:
                    continue
                while (mate := self.mate(unit, most, freely)) is not None:
                    self.merge(unit, mate)
                    changed = True

    def mate(self, unit: int, most: float, freely: bool) -> int | None:
        """The one that follows and waits for nothing else, or one with the same neighbours."""
        after = self.after[unit]
        if not after and not self.before[unit]:
            return self.beside(unit, most)
        for other in sorted(after):
            alone = len(after) == 1, len(self.before[other]) == 1
            series = any(alone) if freely or self.work[other] == 0 else all(alone)
            if series and self.may(unit, other, most):
                return other
        around = min((self.after[b] for b in self.before[unit]), key=len, default=set())
        for other in sorted(around - {unit}):
            if (
                self.before[other] == self.before[unit]
                and self.after[other] == self.after[unit]
                and self.may(unit, other, most)
            ):
                return other
        return None

    def beside(self, unit: int, most: float) -> int | None:
        """For a unit that nothing waits for: one that it shares a value with."""
        own = np.flatnonzero(self.into == unit)
        nets = [self.problem.nets[n] for g in own for n in self.problem.nets_of[g]]
        for other in sorted({int(self.into[g]) for net in nets for g in net.groups}):
            if other != unit and self.may(unit, other, most):
                return other
        return None

    def may(self, one: int, other: int, most: float) -> bool:
        alike = self.pins[one] == self.pins[other] and bool((self.able[:, one] == self.able[:, other]).all())
        idle = not (self.work[one] and self.work[other])
        return alike and (idle or bool(self.work[one] + self.work[other] <= most))

    def merge(self, one: int, other: int) -> None:
        self.into[self.into == other] = one
        self.work[one] += self.work[other]
        for near, far in ((self.before, self.after), (self.after, self.before)):
            for neighbour in near.pop(other):
                far[neighbour].discard(other)
                if neighbour != one:
                    far[neighbour].add(one)
                    near[one].add(neighbour)
        self.before[one].discard(one)
        self.after[one].discard(one)

    def numbered(self) -> Ints:
        """The unit of each group, from 0 on in an order that follows `before`."""
        order: dict[int, int] = {}
        waits = {unit: len(before) for unit, before in self.before.items()}
        ready = sorted((unit for unit, number in waits.items() if not number), reverse=True)
        while ready:
            unit = ready.pop()
            order[unit] = len(order)
            for user in sorted(self.after[unit], reverse=True):
                waits[user] -= 1
                if not waits[user]:
                    ready.append(user)
        return np.array([order[int(unit)] for unit in self.into])


def few_downsets(problem: Problem, most: int) -> list[int]:
    """All downsets as integers of a bit for each group, small ones first; none if there are more than `most`."""
    count = len(problem.groups)
    needs = [0] * count
    after: list[list[int]] = [[] for _ in range(count)]
    for a, b in problem.before:
        needs[b] |= 1 << a
        after[a].append(b)
    layer = {0: sum(1 << g for g in range(count) if not needs[g])}  # a set, and what may be added to it
    found = list[int]()
    while layer:
        found += layer
        larger: dict[int, int] = {}
        for chosen, free in layer.items():
            for g in bits(free):
                grown = chosen | 1 << g
                if grown not in larger:
                    ready = sum(1 << user for user in after[g] if not needs[user] & ~grown)
                    larger[grown] = free & ~(1 << g) | ready
            if len(found) + len(larger) > most:
                return []
        layer = larger
    return found


class Shrinking:
    """Units of a problem, ever larger ones."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.units = Units(problem)
        self.sets: list[int] = []
        self.most_work = [float(self.units.work.sum()) / len(problem.devices) / share for share in (np.inf, *SHARES)]
        self.steps = list(product(self.most_work, (False, True)))

    def until(self, most_downsets: int) -> bool:
        """Whether units with so few downsets were found: `sets` are these, as sets of bits."""
        while not 0 < len(self.sets) <= most_downsets:
            if not self.steps:
                return False
            self.units.join(*self.steps.pop(0))
            self.sets = few_downsets(regrouped(self.problem, self.into), most_downsets)
        return True

    @property
    def into(self) -> Ints:
        """The unit of each group."""
        return self.units.numbered()


def bits(chosen: int) -> Iterator[int]:
    """The places of the ones."""
    while chosen:
        low = chosen & -chosen
        yield low.bit_length() - 1
        chosen ^= low
