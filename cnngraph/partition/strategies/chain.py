"""The best division of the chain of groups into one interval for each device, in the order of the cluster.

    groups    0  1  2 | 3  4 | 5  6  7  8          load(interval) = compute + cut values that it makes or reads
    devices     gpu0  | gpu1 |    gpu2             best(d, j) = min over i of max(best(d - 1, i), load_d(i, j))

It is exact for contiguous divisions (a device may stay empty) where all links of a device are alike; otherwise a
value is charged at the device's slowest link. In practice within a few per cent of the best division of any kind.
source: the recurrence is the linear partition problem, Skiena: The algorithm design manual, section 10.7; the interval
loads are two-dimensional difference arrays over the values as hyperedges.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cnngraph.partition.memory import Intervals
from cnngraph.partition.problem import Answer, Floats, Problem
from cnngraph.partition.strategy import Deadline, Strategy


def chain(problem: Problem) -> list[int] | None:
    """The device of each group, or None if no contiguous division respects memory and placements."""
    count = len(problem.groups)
    messages, sizes = cut_tables(problem)
    latency, per_byte = problem.worst_pay
    intervals = Intervals(problem)
    ends = cache(intervals.ends)
    best = np.full(count + 1, np.inf)
    best[0] = 0.0
    choices = []
    for d, limit_bytes in enumerate(problem.limits_bytes):
        load = messages * latency[d] + sizes * per_byte[d]
        seconds = problem.seconds[d]
        done = np.concatenate([[0.0], np.cumsum(np.where(np.isfinite(seconds), seconds, 0.0))])
        load += done[None, :] - done[:, None]
        load[~_allowed(problem, d)] = np.inf
        if not problem.roomy:
            load[np.arange(count + 1)[None, :] > ends(limit_bytes)[:, None]] = np.inf
        np.fill_diagonal(load, 0.0)
        reached = np.maximum(best[:, None], load)  # (start, end)
        choices.append(count - reached[::-1].argmin(axis=0))  # among equals the latest start: earlier devices first
        best = reached.min(axis=0)
    return _walk_back(choices, count) if np.isfinite(best[count]) else None


def _walk_back(choices: list[npt.NDArray[np.int64]], end: int) -> list[int]:
    device_of = [0] * end
    for d in reversed(range(len(choices))):
        start = int(choices[d][end])
        device_of[start:end] = [d] * (end - start)
        end = start
    return device_of


def _allowed(problem: Problem, device: int) -> npt.NDArray[np.bool_]:
    """(start, end) -> whether start <= end and the device can run, and may have, everything between."""
    elsewhere = (problem.pins >= 0) & (problem.pins != device)
    foreign = np.concatenate([[0], np.cumsum(elsewhere | ~np.isfinite(problem.seconds[device]))])
    return np.triu(foreign[None, :] == foreign[:, None])


def cut_tables(problem: Problem) -> tuple[Floats, Floats]:
    """For each interval (start, end): how many values it makes or reads across its border, and their bytes.

    A value is cut unless the interval holds all its groups, or none. The intervals with all are a rectangle of the
    (start, end) plane, those with none lie in one square for each gap between its groups: O(1) corners for each.
    """
    count = len(problem.groups)
    corners: list[tuple[int, int, int, int, int]] = []  # start from, start to, end from, end to (included), net
    for n, net in enumerate(problem.nets):
        places = sorted(net.groups)
        corners.append((0, places[0], places[-1] + 1, count, n))
        corners += [(a + 1, b, a + 1, b, n) for a, b in pairwise([-1, *places, count]) if b > a + 1]
    bytes_of = np.array([net.bytes for net in problem.nets])
    return (
        _uncut(corners, np.ones(len(bytes_of)), count),
        _uncut(corners, bytes_of, count),
    )


def _uncut(corners: list[tuple[int, int, int, int, int]], weight: Floats, count: int) -> Floats:
    """Total weight less that of the rectangles which cover (start, end)."""
    steps = np.zeros((count + 2, count + 2))
    if corners:
        a, b, c, d, n = np.array(corners, np.int64).T
        w = weight[n]
        np.add.at(steps, (a, c), w)
        np.subtract.at(steps, (b + 1, c), w)
        np.subtract.at(steps, (a, d + 1), w)
        np.add.at(steps, (b + 1, d + 1), w)
    covered = steps.cumsum(axis=0).cumsum(axis=1)[: count + 1, : count + 1]
    return np.asarray(weight.sum() - covered)


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    del deadline  # one pass: milliseconds
    found = chain(problem)
    return best if found is None else Answer(tuple(found))


STRATEGY = Strategy("chain", _solve, quick=True)
