"""The best division of the chain of groups into pieces, where devices run `in_one_piece`: for the latency.

    groups    0  1  2 | 3 | 4  5  6 | 7 ...        pieces in the order of their devices; a device may have none
              piece     -   piece     -            - : groups between them, on devices that run task after task

A run is as long as all pieces and groups after one another, which a chain is, and no division of one is longer:
best(d, j) = min over i of best(d - 1, i) + load_d(i, j), where groups between pieces add their seconds.
"""

from __future__ import annotations

import numpy as np

from cnngraph.partition.makespan import makespan
from cnngraph.partition.problem import Answer, Floats, Ints, Mask, Problem, lawful
from cnngraph.partition.segments import IntervalLoads, cut_tables, elsewhere
from cnngraph.partition.strategy import Deadline, Strategy


def pieces(problem: Problem) -> tuple[int, ...] | None:
    """The device of each group; None where memory or placements leave no way."""
    loads = IntervalLoads(problem, cut_tables(problem))
    latency, per_byte = problem.worst_pay
    device_of, seconds = _alone(problem)
    best, _ = _between(np.append(0.0, np.full(len(seconds), np.inf)), seconds)
    layers: list[tuple[int, Ints, Mask]] = []
    for d in sorted(problem.in_one_piece):
        sums = loads.of(d, float(latency[d]), float(per_byte[d]))[:, ::-1] + best[None, :]  # (end, start)
        best, alone = _between(sums.min(axis=1), seconds)
        layers.append((d, sums.argmin(axis=1), alone))
    if not np.isfinite(best[-1]):
        return None
    end = len(seconds)
    for d, starts, alone in reversed(layers):
        while alone[end]:
            end -= 1
        device_of[starts[end] : end] = d
        end = int(starts[end])
    return tuple(int(d) for d in device_of)


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
