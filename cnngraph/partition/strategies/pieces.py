"""The best division of the chain of groups into pieces, where devices run `in_one_piece`: for the latency.

    groups    0  1  2 | 3 | 4  5  6 | 7 ...        pieces in the order of their devices; a device may have none
              piece     -   piece     -            - : groups between them, on devices that run task after task

A run is as long as all pieces and groups after one another, which a chain is, and no division of one is longer:
best(d, j) = min over i of best(d - 1, i) + load_d(i, j), where groups between pieces add their seconds. In the chain,
what nobody reads stands right behind what it reads.

Groups may be set apart: with all that leads to them they run beside the pieces, on the devices that run task after
task, and leave room for shorter chains. One such set after the other is added, or given back, while a run gets shorter.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from cnngraph.partition.makespan import makespan
from cnngraph.partition.problem import Answer, Floats, Ints, Mask, Memory, Problem, lawful
from cnngraph.partition.segments import IntervalLoads, cut_tables, elsewhere
from cnngraph.partition.strategy import Deadline, Strategy

LONGEST_APART = 0.1  # of a run: what takes longer than that is not set apart


def pieces(problem: Problem, apart: Collection[int] = ()) -> tuple[int, ...] | None:
    """The device of each group; None where memory or placements leave no way."""
    device_of, seconds = _alone(problem)
    if not np.isfinite(seconds[list(apart)]).all():
        return None
    order = [group for group in chain_order(problem) if group not in apart]
    smaller = _part(problem, order + sorted(apart), len(order))
    found = _cut(smaller, np.append(seconds[order], np.zeros(len(apart))))
    if found is None:
        return None
    device_of[order] = np.where(found[: len(order)] < 0, device_of[order], found[: len(order)])
    return tuple(int(d) for d in device_of)


def _cut(problem: Problem, seconds: Floats) -> Ints | None:
    """The device of each group, -1 for those between pieces, of given seconds; None where there is no way."""
    loads = IntervalLoads(problem, cut_tables(problem))
    latency, per_byte = problem.worst_pay
    best, _ = _between(np.append(0.0, np.full(len(seconds), np.inf)), seconds)
    layers: list[tuple[int, Ints, Mask]] = []
    for d in sorted(problem.in_one_piece):
        sums = loads.of(d, float(latency[d]), float(per_byte[d]))[:, ::-1] + best[None, :]  # (end, start)
        best, alone = _between(sums.min(axis=1), seconds)
        layers.append((d, sums.argmin(axis=1), alone))
    if not np.isfinite(best[-1]):
        return None
    device_of, end = np.full(len(seconds), -1), len(seconds)
    for d, starts, alone in reversed(layers):
        while alone[end]:
            end -= 1
        device_of[starts[end] : end] = d
        end = int(starts[end])
    return device_of


@dataclass(frozen=True)
class Reordered:
    """Memory of groups that stand in another order."""

    memory: Memory
    order: Ints

    def peak_bytes(self, chosen: Mask) -> float:
        found = np.zeros(len(chosen), bool)
        found[self.order] = chosen
        return self.memory.peak_bytes(found)


def _part(problem: Problem, order: list[int], count: int) -> Problem:
    """The groups in this order; pieces can only have the first `count` of them."""
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    pins = problem.pins[order]
    pins[count:] = len(problem.devices)  # no device that runs in one piece
    return replace(
        problem,
        group_of=place[problem.group_of],
        pins=pins,
        before=frozenset(),
        memory=Reordered(problem.memory, np.array(order)),
    )


def chain_order(problem: Problem) -> list[int]:
    """The groups in order, those that nobody waits for right behind the last that they wait for."""
    last: dict[int, int] = {}
    for first, second in problem.before:
        last[second] = max(first, last.get(second, 0))
    awaited = {first for first, _ in problem.before}
    groups = range(len(problem.groups))
    return sorted(groups, key=lambda group: (group if group in awaited else last.get(group, group), group))


def set_apart(problem: Problem, deadline: Deadline) -> tuple[int, ...] | None:
    """The best pieces found with groups set apart."""
    best = pieces(problem)
    seconds = np.inf if best is None else makespan(problem, best)
    apart: frozenset[int] = frozenset()
    leading = _leading(problem)
    _, alone = _alone(problem)
    gained = True
    while gained and not deadline.over:
        gained, before = False, apart
        for group in range(len(problem.groups)):
            tried = before - leading[group] if group in before else before | leading[group]
            if deadline.over or alone[sorted(tried)].sum() > LONGEST_APART * seconds:
                continue
            found = pieces(problem, tried)
            if found is not None and makespan(problem, found) < seconds * (1 - 1e-9):
                best, seconds, apart, gained = found, makespan(problem, found), tried, True
    return best


def _leading(problem: Problem) -> list[frozenset[int]]:
    """For each group all groups that lead to it, and itself."""
    found = [frozenset((group,)) for group in range(len(problem.groups))]
    for first, second in sorted(problem.before, key=lambda pair: pair[1]):
        found[second] |= found[first]
    return found


def _alone(problem: Problem) -> tuple[Ints, Floats]:
    """For each group the device that runs it fastest, task after task, and its seconds there; memory is not asked."""
    seconds = np.full(problem.seconds.shape, np.inf)
    for d in set(range(len(seconds))) - problem.in_one_piece:
        seconds[d] = np.where(elsewhere(problem, d), np.inf, problem.seconds[d])
    return seconds.argmin(axis=0), seconds.min(axis=0)


def _between(best: Floats, seconds: Floats) -> tuple[Floats, Mask]:
    """With groups between pieces: the best sum up to each place, and whether the group before it stands alone."""
    best, alone = best.copy(), np.zeros(len(best), bool)
    for group, own in enumerate(seconds):
        if best[group] + own < best[group + 1]:
            best[group + 1], alone[group + 1] = best[group] + own, True
    return best, alone


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    del deadline  # one pass
    found = pieces(problem) if problem.in_one_piece else None
    if found is None or not lawful(problem, found):
        return best
    if best and makespan(problem, best.device_of) <= makespan(problem, found):
        return best
    return Answer(found)


STRATEGY = Strategy("pieces", _solve, frozenset({"latency"}), quick=True)
