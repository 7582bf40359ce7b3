"""Which intervals of the chain fit into a memory: the peak grows with them, so each start has a farthest end."""

from __future__ import annotations

from functools import cache

import numpy as np

from cnngraph.cost.quantity import bytes_text
from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.partition.problem import Ints, Problem


class Intervals:
    """Peak bytes of the groups from border `start` to border `end`; by default there is a border beside each group."""

    def __init__(self, problem: Problem, borders: Ints | None = None) -> None:
        self.problem = problem
        self.borders = np.arange(len(problem.groups) + 1) if borders is None else borders
        self.count = len(self.borders) - 1
        self.peak = cache(self._peak)

    def _peak(self, start: int, end: int) -> float:
        chosen = np.zeros(len(self.problem.groups), bool)
        chosen[self.borders[start] : self.borders[end]] = True
        return self.problem.peak_bytes(chosen)

    def farthest(self, start: int, limit: float, least: int | None = None) -> int:
        """The largest end for which the interval fits within `limit` bytes, by bisection; `least` is known to fit."""
        low, high = start if least is None else max(start, least), self.count
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.peak(start, middle) <= limit else (low, middle - 1)
        return low

    def ends(self, limit: float) -> Ints:
        """The farthest end for each start."""
        ends = [0]
        for start in range(self.count):
            ends.append(self._advance(start, max(start, ends[-1]), limit))
        return np.array([*ends[1:], self.count], np.int64)

    def _advance(self, start: int, end: int, limit: float) -> int:
        while end < self.count and self.peak(start, end + 1) <= limit:
            end += 1
        return end

    def devices_needed(self, limit: float) -> int | None:
        """The fewest devices of `limit` bytes that hold the chain; None if one group alone is too large."""
        start, used = 0, 0
        while start < self.count:
            end = self.farthest(start, limit)
            if end == start:
                return None
            start, used = end, used + 1
        return used

    def least_limit(self, devices: int) -> float:
        """The least memory, within one per cent, with which `devices` equal devices hold the chain."""
        low, high = 0.0, self.peak(0, self.count)
        while high - low > high / 100:
            middle = (low + high) / 2
            needed = self.devices_needed(middle)
            low, high = (low, middle) if needed is not None and needed <= devices else (middle, high)
        return high


def does_not_fit(problem: Problem) -> CnnGraphError:
    """Why the chain fits on no sequence of the devices, with the numbers: E0602."""
    intervals = Intervals(problem)
    roomiest = int(np.argmax(problem.limits_bytes))
    limit = float(problem.limits_bytes[roomiest])
    has = f"{problem.devices[roomiest]} has {bytes_text(limit)}"
    count = len(problem.devices)
    sizes = [intervals.peak(g, g + 1) for g in range(intervals.count)]
    if max(sizes) > limit:
        name = problem.groups[int(np.argmax(sizes))]
        return error(
            "E0602",
            f"{name} needs {bytes_text(max(sizes))} with its inputs and what must stay with it, but {has}",
            "no number of such devices would do: take a smaller batch, or a device with more memory",
        )
    needs = bytes_text(intervals.least_limit(count))
    enough = intervals.devices_needed(limit)
    return error(
        "E0602",
        f"{problem.title} does not fit on {count} device{'s' * (count > 1)}: even in the best division "
        f"the fullest needs {needs}, but {has}",
        f"{enough} devices of {bytes_text(limit)} would do, or a smaller batch",
    )
