"""Stages of networks that branch: they may stand side by side, and a chain need not go down one branch after the other.

      a1 - a2                 chain order      a1 a2 | b1 b2 | c          a cut between a1 and a2 needs b whole
    /         \\
  0             c             stages           {0 a1 b1} | {a2 b2} | {c}  both branches are cut where they are narrow
    \\         /
      b1 - b2                 side by side     {0 a1 a2} , {b1 b2 c}      depth 2, and for towers k / 2

Three steps:
  1. Units: neighbours with little work become one, in series and then in parallel, until there are few downsets.
  2. The best stages of units, by dynamic programming over downsets (strategy `ideals`); then the groups in the order
     of these stages are a chain, which is cut again between any two groups.
  3. Levels: with no stage busier than that, the fewest levels of stages side by side. From one downset to a larger one
     the difference falls into pieces that share no value; pieces are packed on devices, and count as one level.

         best(u, T) = min over downsets S of T:  best(u - devices for the pieces of T - S, S) + 1

A shallow division fills its pipeline sooner and keeps fewer samples in flight.
source: the idea that stages form a graph is that of Jeon and others: GraphPipe, ASPLOS 2025; the method is our own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from cnngraph.partition.problem import Answer, Ints, Problem, depth, in_a_ring, lawful, loads
from cnngraph.partition.relaxed import Joined, kinds
from cnngraph.partition.strategies.chain import Way, chain
from cnngraph.partition.strategies.ideals import prove
from cnngraph.partition.strategy import Deadline, Strategy

MOST_DOWNSETS = 600
MOST_FOR_LEVELS = 200
SHARES = (1000, 250, 64, 32, 16, 8, 4, 2, 1)  # a unit has at most this part of the work of one device
SLACK = 1e-9


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


# ---- units ----


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


# ---- the best stages ----


def stages_of_units(problem: Problem, into: Ints, deadline: Deadline) -> tuple[int, ...] | None:
    """The device of each group: the best stages of units, then cut again at any group."""
    smaller = regrouped(problem, into)
    start = chain(smaller)
    found = prove(smaller, None if start is None else Answer(tuple(start)), deadline)
    if found is None:
        return None
    device_of = expanded(into, found.device_of)
    return recut(problem, device_of) or device_of


def recut(problem: Problem, device_of: tuple[int, ...]) -> tuple[int, ...] | None:
    """The best cuts of the chain in which the groups stand stage by stage. None where stages form a ring."""
    order = stage_order(problem, device_of)
    if order is None:
        return None
    place = {device: i for i, device in enumerate(order)}
    ranked = sorted(range(len(device_of)), key=lambda g: (place[device_of[g]], g))
    into = np.empty(len(ranked), np.int64)
    into[ranked] = np.arange(len(ranked))
    idle = [d for d in range(len(problem.devices)) if d not in place]
    latency, per_byte = problem.worst_pay
    found = chain(regrouped(problem, into), Way((*order, *idle), latency, per_byte))
    return None if found is None else expanded(into, found)


def stage_order(problem: Problem, device_of: tuple[int, ...]) -> list[int] | None:
    """The used devices, each after those that it waits for."""
    if in_a_ring(problem, device_of):
        return None
    awaits: dict[int, set[int]] = {device: set() for device in device_of}
    for a, b in problem.before:
        if device_of[a] != device_of[b]:
            awaits[device_of[b]].add(device_of[a])
    order: list[int] = []
    while len(order) < len(awaits):
        order += sorted(d for d in awaits if d not in order and awaits[d] <= set(order))
    return order


# ---- levels of stages side by side ----


@dataclass
class Levels:
    """The fewest levels with no stage above the limit, for devices that are alike and have no placements.

    Only divisions of at most so many levels are looked for: what is left after a downset needs at least as many as its
    longest path takes.
    """

    problem: Problem
    sets: list[int]
    limit_seconds: float
    most: int

    def __post_init__(self) -> None:
        problem = self.problem
        self.work = [float(x) for x in problem.seconds[0]]
        self.beside = [0] * len(self.work)
        for a, b in problem.before:
            self.beside[a] |= 1 << b
            self.beside[b] |= 1 << a
        self.tails = list(self.work)
        after: list[list[int]] = [[] for _ in self.work]
        for a, b in problem.before:
            after[a].append(b)
        for g in reversed(range(len(self.work))):  # units stand in an order that follows `before`
            self.tails[g] += max((self.tails[user] for user in after[g]), default=0.0)
        latency, per_byte = problem.worst_pay
        self.nets = [
            (sum(1 << g for g in net.groups), float(latency[0] + net.bytes * per_byte[0])) for net in problem.nets
        ]

    def needed(self, chosen: int) -> int:
        """How many levels the rest takes at least."""
        rest = max((tail for g, tail in enumerate(self.tails) if not chosen >> g & 1), default=0.0)
        return math.ceil(rest / self.limit_seconds - SLACK)

    def fewest(self) -> list[int] | None:
        """The device of each group, devices of one level after the other; None where the limit cannot be kept."""
        count = len(self.problem.devices)
        best = [[np.inf] * (count + 1) for _ in self.sets]  # (downset, used devices) -> levels
        back: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {}
        best[0][0] = 0
        done = [self.work_of(chosen) for chosen in self.sets]
        reached = [0]
        for t, target in enumerate(self.sets):
            room = self.most - self.needed(target)
            for s in reached:
                source = self.sets[s]
                if min(best[s]) >= room or source & ~target or done[t] - done[s] > count * self.limit_seconds:
                    continue
                stages = self.stages(target & ~source)
                for used in range(count + 1 - len(stages)) if stages else ():
                    if best[s][used] + 1 < best[t][used + len(stages)]:
                        best[t][used + len(stages)] = best[s][used] + 1
                        back[t, used + len(stages)] = s, stages
            if t and min(best[t]) < np.inf:
                reached.append(t)
        last = len(self.sets) - 1
        used = int(np.argmin(best[last]))
        return None if best[last][used] == np.inf else self.walk(back, last, used)

    def walk(self, back: dict[tuple[int, int], tuple[int, tuple[int, ...]]], place: int, used: int) -> list[int]:
        device_of = [0] * len(self.work)
        while place:
            place, stages = back[place, used]
            for stage in stages:
                used -= 1
                for g in bits(stage):
                    device_of[g] = used
        return device_of

    def stages(self, chosen: int) -> tuple[int, ...]:
        """The pieces of a set, packed on as few devices as large ones first allow; empty where one is too large."""
        pieces = sorted(((self.load(piece), piece) for piece in self.pieces(chosen)), reverse=True)
        filled: list[tuple[float, int]] = []
        for load, piece in pieces:
            if load > self.limit_seconds:
                return ()
            for i, (have, own) in enumerate(filled):
                if have + load <= self.limit_seconds:
                    filled[i] = have + load, own | piece
                    break
            else:
                filled.append((load, piece))
        return tuple(own for _, own in filled) if all(self.fits(own) for _, own in filled) else ()

    def pieces(self, chosen: int) -> Iterator[int]:
        """Parts of a set that do not wait for each other."""
        while chosen:
            piece, edge = 0, chosen & -chosen
            while edge:
                piece |= edge
                near = 0
                for g in bits(edge):
                    near |= self.beside[g]
                edge = near & chosen & ~piece
            yield piece
            chosen &= ~piece

    def load(self, piece: int) -> float:
        cut = sum(pay for groups, pay in self.nets if groups & piece and groups & ~piece)
        return self.work_of(piece) + cut

    def work_of(self, chosen: int) -> float:
        return sum(self.work[g] for g in bits(chosen))

    def fits(self, chosen: int) -> bool:
        if self.problem.roomy:
            return True
        mask = np.zeros(len(self.work), bool)
        mask[list(bits(chosen))] = True
        return self.problem.peak_bytes(mask) <= float(self.problem.limits_bytes[0])


def bits(chosen: int) -> Iterator[int]:
    """The places of the ones."""
    while chosen:
        low = chosen & -chosen
        yield low.bit_length() - 1
        chosen ^= low


def side_by_side(problem: Problem, work: Shrinking, limit_seconds: float, most: int) -> tuple[int, ...] | None:
    """A division into as few levels as units allow, at most so many, with no stage above the limit."""
    if len(kinds(problem)) > 1 or (problem.pins >= 0).any():
        return None
    if not work.until(MOST_FOR_LEVELS):
        return None
    into = work.into
    levels = Levels(regrouped(problem, into), work.sets, limit_seconds * (1 + SLACK), most)
    device_of = levels.fewest() if levels.needed(0) <= most else None
    return None if device_of is None else expanded(into, device_of)


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    work = Shrinking(problem)
    if not problem.contiguous or not work.until(MOST_DOWNSETS):
        return best
    if len(work.sets) <= int(work.into.max()) + 2:
        return best  # a chain of units has no branches
    best = _better(problem, best, stages_of_units(problem, work.into, deadline))
    if best is None or (levels := depth(problem, best.device_of)) < 3:
        return best
    busiest = float(loads(problem, best.device_of).max())
    return _better(problem, best, side_by_side(problem, work, busiest, levels - 1))


def _better(problem: Problem, best: Answer | None, device_of: tuple[int, ...] | None) -> Answer | None:
    """The less busy one or, among equals, the shallower."""
    if device_of is None or not lawful(problem, device_of):
        return best
    if best is None or best.teams:
        return best or Answer(device_of)
    old, new = (float(loads(problem, d).max()) for d in (best.device_of, device_of))
    if abs(old - new) <= SLACK * old:
        return Answer(device_of) if depth(problem, device_of) < depth(problem, best.device_of) else best
    return Answer(device_of) if new < old else best


STRATEGY = Strategy("branches", _solve, quick=True)
