"""Which intervals of the chain fit into a memory: the peak grows with them, so each start has a farthest end."""

from __future__ import annotations

from functools import cache

import numpy as np

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
