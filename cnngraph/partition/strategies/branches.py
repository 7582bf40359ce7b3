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
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cnngraph.partition.problem import Answer, Ints, Problem, depth, in_a_ring, lawful, loads
from cnngraph.partition.relaxed import kinds
from cnngraph.partition.strategies.chain import Way, chain
from cnngraph.partition.strategies.ideals import prove
from cnngraph.partition.strategy import Deadline, Strategy
from cnngraph.partition.units import Shrinking, bits, expanded, regrouped

MOST_DOWNSETS = 600
MOST_FOR_LEVELS = 200
SLACK = 1e-9


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
