"""Segments of the chain of groups: where it may be cut, what each interval of segments cuts, and what it then takes.

groups     0  1  2  3  4  5  6          borders   0 2 3 7      four places, so three segments
segments  |0  1 |2 |3  4  5  6|         (1, 3) is the interval of the groups 2 up to 6
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cnngraph.partition.memory import Intervals
from cnngraph.partition.problem import Floats, Ints, Mask, Problem

MOST_BORDERS = 1500  # tables of (start, end) then take 18 MB
MOST_BORDERS_IN_MEMORY = 600
MOST_CELLS = 4_000_000  # of the tables that are kept


@dataclass(frozen=True)
class Cuts:
    """What every interval between two borders would cut: numbers of values, and their bytes, by (start, end)."""

    borders: Ints
    messages: Floats
    sizes: Floats


def first_borders(problem: Problem, most: int) -> Ints:
    """All places between groups, or so many: of each stretch of groups that one where the fewest bytes cross.

    Fewer where limits of memory have to be looked up.
    """
    count = len(problem.groups)
    most = min(most, MOST_BORDERS if problem.roomy else MOST_BORDERS_IN_MEMORY)
    if count < most:
        return np.arange(count + 1)
    crossing = np.zeros(count + 2)
    for net in problem.nets:
        crossing[min(net.groups) + 1] += net.bytes
        crossing[max(net.groups) + 1] -= net.bytes
    crossing = crossing.cumsum()  # [i]: bytes that pass the place before group i
    edges = np.linspace(1, count, most).astype(int)
    narrow = [a + int(crossing[a:b].argmin()) for a, b in pairwise(edges) if b > a]
    pins = np.flatnonzero(np.diff(problem.pins)) + 1
    return np.unique([0, *narrow, *pins[:most], count])


def near(borders: Ints, device_of: Sequence[int], count: int) -> Ints:
    """Every place near the borders of a division, and every second of the others."""
    found = np.flatnonzero(np.diff(device_of)) + 1
    width = max(len(borders) // (4 * len(found) + 1), 1)
    fine = [place for border in found for place in range(border - width, border + width + 1) if 0 < place < count]
    return np.unique([0, *fine, *borders[::2], count])


def cut_tables(problem: Problem, borders: Ints | None = None) -> Cuts:
    """For each interval (start, end) of borders: how many values it makes or reads across its border, and their bytes.

    A value is cut unless the interval holds all its groups, or none. The intervals with all are a rectangle of the
    (start, end) plane, those with none lie in one square for each gap between its groups: O(1) corners for each.
    """
    if borders is None:
        borders = np.arange(len(problem.groups) + 1)
    segment_of = np.repeat(np.arange(len(borders) - 1), np.diff(borders))
    count = len(borders) - 1
    corners: list[tuple[int, int, int, int, int]] = []  # start from, start to, end from, end to (included), net
    for n, net in enumerate(problem.nets):
        places = sorted({int(segment_of[group]) for group in net.groups})
        corners.append((0, places[0], places[-1] + 1, count, n))
        corners += [(a + 1, b, a + 1, b, n) for a, b in pairwise([-1, *places, count]) if b > a + 1]
    bytes_of = np.array([net.bytes for net in problem.nets])
    messages = _uncut(corners, np.ones(len(bytes_of)), count)
    return Cuts(borders, messages, _uncut(corners, bytes_of, count))


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


class IntervalLoads:
    """Loads of intervals on devices. Tables are kept, as far as they are small: many devices are alike."""

    def __init__(self, problem: Problem, cuts: Cuts) -> None:
        self.problem, self.cuts = problem, cuts
        self.tables: dict[tuple[object, ...], Floats] = {}
        self.most = max(MOST_CELLS // cuts.messages.size, 1)

    def of(self, device: int, latency: float, per_byte: float) -> Floats:
        """(end, start from the last) -> the load of the device, infinite where it cannot have the interval."""
        problem = self.problem
        able = elsewhere(problem, device).tobytes()
        key = (latency, per_byte, problem.seconds[device].tobytes(), able, problem.limits_bytes[device])
        if key not in self.tables:
            if len(self.tables) >= self.most:
                self.tables.clear()
            self.tables[key] = self._table(device, latency, per_byte)
        return self.tables[key]

    def _table(self, device: int, latency: float, per_byte: float) -> Floats:
        problem, cuts = self.problem, self.cuts
        seconds = problem.seconds[device]
        done = np.concatenate([[0.0], np.cumsum(np.where(np.isfinite(seconds), seconds, 0.0))])[cuts.borders]
        load = cuts.messages * latency + cuts.sizes * per_byte
        load += done[None, :] - done[:, None]
        foreign = np.concatenate([[0], np.cumsum(elsewhere(problem, device))])[cuts.borders]
        load[np.tril(np.ones(load.shape, bool)) | (foreign[None, :] != foreign[:, None])] = np.inf
        if not problem.roomy:
            ends = Intervals(problem, cuts.borders).ends(float(problem.limits_bytes[device]))
            load[np.arange(len(ends))[None, :] > ends[:, None]] = np.inf
        np.fill_diagonal(load, 0.0)
        return np.ascontiguousarray(load.T[:, ::-1])


def elsewhere(problem: Problem, device: int) -> Mask:
    """Groups that the device cannot run, or may not have."""
    return np.asarray(((problem.pins >= 0) & (problem.pins != device)) | ~np.isfinite(problem.seconds[device]))
