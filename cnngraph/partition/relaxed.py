"""Simpler problems whose best division is as good: what exact strategies search.

    relaxed       each device pays its cheapest link, whoever it talks to: no division costs more than before
    contracted    groups without work that may as well go where a neighbour goes are joined with it
    kinds         devices that differ by name only: how many of a kind are used matters, not which

Bounds of these are bounds of the problem that people pose; their best divisions are candidates for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnngraph.partition.problem import Floats, Ints, Mask, Memory, Problem, SummedMemory

MOST_REACHED = 500


def relaxed(problem: Problem) -> Problem:
    """The problem with one price for each device: that of its cheapest link.

    Its best value is a lower bound of the real one, and equal to it where the links of each device are alike.
    """
    count = len(problem.devices)
    if count == 1:
        return problem
    apart = ~np.eye(count, dtype=bool)

    def cheapest(pay: Floats) -> Floats:
        least = np.where(apart, pay, np.inf).min(axis=1)
        return np.where(apart, least[:, None], 0.0)

    return replace(
        problem,
        pay_seconds=cheapest(problem.pay_seconds),
        pay_seconds_per_byte=cheapest(problem.pay_seconds_per_byte),
    )


def kinds(problem: Problem) -> tuple[tuple[int, ...], ...]:
    """Devices of a relaxed problem by kind: equal seconds, prices and memory; one that is placed on is of its own."""
    latency, per_byte = problem.worst_pay
    found: dict[object, list[int]] = {}
    for d, row in enumerate(problem.seconds):
        own = d if (problem.pins == d).any() else -1
        key = (own, latency[d], per_byte[d], problem.limits_bytes[d], row.tobytes())
        found.setdefault(key, []).append(d)
    return tuple(map(tuple, found.values()))


@dataclass(frozen=True)
class Joined:
    """The memory of groups of groups: `into` is the new group of each old one."""

    memory: Memory
    into: Ints

    def peak_bytes(self, chosen: Mask) -> float:
        return self.memory.peak_bytes(chosen[self.into])


@dataclass(frozen=True)
class Contraction:
    """A smaller problem; for each group of the larger one its group in it, and for each of its groups the one kept."""

    problem: Problem
    into: Ints
    kept: Ints

    def expand(self, device_of: Sequence[int]) -> tuple[int, ...]:
        return tuple(int(device_of[g]) for g in self.into)

    def shrink(self, device_of: Sequence[int]) -> tuple[int, ...]:
        return tuple(int(device_of[g]) for g in self.kept)


def contracted(problem: Problem) -> Contraction:
    """Joins idle groups, one after the other, with a neighbour; the order of the rest stays.

    A group g joins m if it takes no time and no placement, needs no memory (or memory limits nothing), and
      * each value that g touches also touches m: moving g to m's device costs nobody anything;
      * m comes before g, and so does all else that must, by way of m (or the same backwards): moving g to m's stage
        breaks no order.
    """
    idle = (problem.seconds == 0).all(axis=0) & (problem.pins < 0)
    if not problem.roomy:
        idle &= problem.memory.bytes_of == 0 if isinstance(problem.memory, SummedMemory) else False
    work = _Joining(problem)
    todo = [int(g) for g in np.flatnonzero(idle)]
    while joined := {g for g in todo if work.join(g)}:
        todo = [g for g in todo if g not in joined]
    return work.result()


class _Joining:
    """Neighbours and values of the groups while some of them are joined."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        count = len(problem.groups)
        self.into = np.arange(count)
        self.before: list[set[int]] = [set() for _ in range(count)]
        self.after: list[set[int]] = [set() for _ in range(count)]
        for a, b in problem.before:
            self.before[b].add(a)
            self.after[a].add(b)
        self.touched = [set(net.groups) for net in problem.nets]
        self.nets_of = [set(nets) for nets in problem.nets_of]

    def join(self, g: int) -> bool:
        m = self.host(g)
        if m is None:
            return False
        self.into[self.into == g] = m
        for one, other in ((self.before, self.after), (self.after, self.before)):
            for neighbour in one[g]:
                other[neighbour].discard(g)
                if neighbour != m:
                    other[neighbour].add(m)
                    one[m].add(neighbour)
        for n in self.nets_of[g]:
            self.touched[n] = self.touched[n] - {g} | {m}
            self.nets_of[m].add(n)
        return True

    def host(self, g: int) -> int | None:
        """The neighbour that the group can go along with."""
        lively = [self.touched[n] for n in self.nets_of[g] if len(self.touched[n]) > 1]
        for side in (self.before, self.after):
            for m in sorted(side[g]):
                if all(m in touched for touched in lively) and (side[g] == {m} or side[g] <= _reached(m, side)):
                    return m
        return None

    def result(self) -> Contraction:
        alive, into = np.unique(self.into, return_inverse=True)
        problem = self.problem
        pairs = {(int(into[a]), int(into[b])) for a, b in problem.before}
        smaller = replace(
            problem,
            groups=tuple(problem.groups[g] for g in alive),
            group_of=into[problem.group_of],
            before=frozenset((a, b) for a, b in pairs if a != b),
            memory=Joined(problem.memory, into),
            pins=problem.pins[alive],
            exchange_bytes=tuple(np.bincount(into, problem.exchange_bytes)) if problem.exchange_bytes else (),
        )
        return Contraction(smaller, into, alive)


def _reached(start: int, neighbours: Sequence[Iterable[int]]) -> set[int]:
    """What leads to a group, or to what it leads; the nearest of it where that is much."""
    seen, stack = {start}, [start]
    while stack and len(seen) < MOST_REACHED:
        for other in neighbours[stack.pop()]:
            if other not in seen:
                seen.add(other)
                stack.append(other)
    return seen
