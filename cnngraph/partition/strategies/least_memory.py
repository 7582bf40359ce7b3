"""The division whose fullest device, peak bytes over its limit, is least full: whether something fits at all.

First the chain of groups: the least memory, for all devices in proportion, with which it can be cut, by bisection.
Where placements leave the chain no way, every group goes where the fullest device is then least full. Then annealing,
with the peaks of the two devices of a move computed anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cnngraph.partition.annealing import anneal
from cnngraph.partition.objective import fullest, least_fullest
from cnngraph.partition.problem import Answer, Problem, lawful
from cnngraph.partition.strategies.chain import STRATEGY as CHAIN
from cnngraph.partition.strategy import Deadline, Strategy

FINE = 0.005  # relative: where the bisection ends


class Peaks:
    """How full the devices are after all moves so far, each as a share of its memory."""

    def __init__(self, problem: Problem, device_of: Sequence[int]) -> None:
        self.problem = problem
        self.device_of = [int(d) for d in device_of]
        self.placed = np.array(device_of, np.int64)
        self.amounts = [self._share(d) for d in range(len(problem.devices))]

    def after(self, group: int, device: int) -> dict[int, float]:
        left = self.device_of[group]
        self.placed[group] = device
        found = {d: self._share(d) for d in (left, device)}
        self.placed[group] = left
        return found

    def move(self, group: int, device: int, changed: Mapping[int, float]) -> None:
        self.device_of[group] = device
        self.placed[group] = device
        for d, share in changed.items():
            self.amounts[d] = share

    def _share(self, device: int) -> float:
        return self.problem.peak_bytes(self.placed == device) / float(self.problem.limits_bytes[device])


def least_memory(problem: Problem, deadline: Deadline, enough: float = 0.0) -> tuple[int, ...] | None:
    """The division found, or the first one whose fullest device is no fuller than `enough`; None where there is none.

    Memory limits nothing here: more than the limit may be the least.
    """
    roomy = replace(problem, limits_bytes=np.full(len(problem.devices), np.inf), objective="throughput")
    start = _chain(problem, roomy, enough) or _one_by_one(problem, roomy)
    if start is None or fullest(problem, start) <= enough:
        return start

    def peaks(_: Problem, device_of: Sequence[int]) -> Peaks:
        return Peaks(problem, device_of)

    return anneal(roomy, start, peaks, max(enough, least_fullest(problem)), deadline)


def _chain(problem: Problem, roomy: Problem, enough: float) -> tuple[int, ...] | None:
    """The chain cut so that all devices are full in proportion."""
    found = _cut(roomy)
    if found is None:
        return None
    low, high = least_fullest(problem), fullest(problem, found)
    while high > enough and high - low > FINE * high:
        middle = (low + high) / 2
        if (tighter := _cut(replace(roomy, limits_bytes=problem.limits_bytes * middle))) is None:
            low = middle
        else:
            found, high = tighter, fullest(problem, tighter)
    return found


def _cut(problem: Problem) -> tuple[int, ...] | None:
    answer = CHAIN.solve(problem, None, Deadline())
    return None if answer is None else answer.device_of


def _one_by_one(problem: Problem, roomy: Problem) -> tuple[int, ...] | None:
    """Each group where the fullest device is then least full, in the order of the chain, after all that is placed."""
    placed = problem.pins.copy()
    for group in np.flatnonzero(problem.pins < 0):
        choices = []
        for d in range(len(problem.devices)):
            if np.isfinite(problem.seconds[d, group]):
                placed[group] = d
                choices.append((problem.peak_bytes(placed == d) / float(problem.limits_bytes[d]), d))
        if not choices:
            return None
        placed[group] = min(choices)[1]
    found = tuple(int(d) for d in placed)
    return found if lawful(roomy, found) else None


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    found = least_memory(problem, deadline)
    if found is None or (best and fullest(problem, best.device_of) <= fullest(problem, found)):
        return best
    return Answer(found)


STRATEGY = Strategy("least_memory", _solve, frozenset({"memory"}))
