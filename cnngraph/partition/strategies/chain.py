"""The best division of the chain of groups into one interval for each device.

    groups    0  1  2 | 3  4 | 5  6  7  8          load(interval) = compute + cut values that it makes or reads
    devices     gpu0  | gpu1 |    gpu2             best(d, j) = min over i of max(best(d - 1, i), load_d(i, j))

It is exact for intervals in the order of the cluster (a device may stay empty) where all links of a device are alike;
otherwise a value is charged at the device's slowest link, and a second time at the links to its neighbours, and the
better answer counts. Devices that are not alike are tried in other orders too, as far as a budget of steps allows.
In practice within a few per cent of the best division of any kind.

A long chain is cut at chosen borders first, then at all borders near those that were found:

    coarse    |     |     |     |     |     |     |          ->   found at 2 and 4
    fine      |     | | | | | | |     | | | | |   |          ->   found again, now near them at any group

source: the recurrence is the linear partition problem, Skiena: The algorithm design manual, section 10.7; the interval
loads are two-dimensional difference arrays over the values as hyperedges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, permutations

import numpy as np

from cnngraph.partition.memory import Intervals
from cnngraph.partition.problem import Answer, Floats, Ints, Mask, Problem, loads
from cnngraph.partition.strategy import Deadline, Strategy

MOST_BORDERS = 1500  # tables of (start, end) then take 18 MB
MOST_BORDERS_IN_MEMORY = 600  # where limits of memory have to be looked up
MOST_STEPS = 3e8  # cells of tables, over all orders of the devices
MOST_ORDERS = 24
MOST_ROUNDS = 4  # of finer borders


@dataclass(frozen=True)
class Way:
    """The devices in the order of the chain, and what each pays for a message and for a byte."""

    order: tuple[int, ...]
    latency: Floats
    per_byte: Floats


@dataclass(frozen=True)
class Cuts:
    """What every interval between two borders would cut: numbers of values, and their bytes, by (start, end)."""

    borders: Ints
    messages: Floats
    sizes: Floats


def chain(problem: Problem, way: Way | None = None) -> list[int] | None:
    """The device of each group, or None if no contiguous division in this order respects memory and placements."""
    way = way or next(ways(problem))
    borders = first_borders(problem)
    found = _divided(problem, way, cut_tables(problem, borders))
    for _ in range(MOST_ROUNDS if found is not None and len(borders) <= len(problem.groups) else 0):
        assert found is not None
        finer = _divided(problem, way, cut_tables(problem, _near(borders, found, len(problem.groups))))
        if finer is None or finer == found:
            break
        found = finer
    return found


def ways(problem: Problem) -> Iterator[Way]:
    """Orders of the devices, that of the cluster first, each with the slowest links and with those to neighbours.

    A device may pay less than its slowest link says, never more: an answer is measured after it is found.
    """
    latency, per_byte = problem.worst_pay
    for order in _orders(problem):
        yield Way(order, latency, per_byte)
        neighbours = [(a, b) for pair in pairwise(order) for a, b in (pair, pair[::-1])]
        near = [_slowest(table, neighbours) for table in (problem.pay_seconds, problem.pay_seconds_per_byte)]
        if not (np.array_equal(near[0], latency) and np.array_equal(near[1], per_byte)):
            yield Way(order, *near)


def _slowest(table: Floats, pairs: Sequence[tuple[int, int]]) -> Floats:
    found = np.zeros(len(table))
    for a, b in pairs:
        found[a] = max(found[a], table[a, b])
    return found


def _orders(problem: Problem) -> Iterator[tuple[int, ...]]:
    """Orders of the devices that differ: two devices that are alike are never exchanged."""
    given = tuple(range(len(problem.devices)))
    yield given
    total = np.where(np.isfinite(problem.seconds), problem.seconds, 0.0).sum(axis=1)
    kinds = [_kind(problem, d) for d in given]
    seen = {tuple(kinds)}
    by_speed = tuple(sorted(given, key=lambda d: total[d]))
    more = islice(permutations(given), MOST_ORDERS**2) if len(set(kinds)) > 1 else ()
    for order in (given[::-1], by_speed, by_speed[::-1], *more):
        if len(seen) >= MOST_ORDERS:
            return
        if (key := tuple(kinds[d] for d in order)) not in seen:
            seen.add(key)
            yield order


def _kind(problem: Problem, device: int) -> tuple[object, ...]:
    """Equal for devices that may change places: same speed, memory and placements, and all links alike."""
    uniform = len({*problem.pay_seconds[~np.eye(len(problem.devices), dtype=bool)]}) < 2
    uniform &= len({*problem.pay_seconds_per_byte[~np.eye(len(problem.devices), dtype=bool)]}) < 2
    placed = np.flatnonzero(problem.pins == device)
    own = problem.seconds[device].tobytes(), problem.limits_bytes[device], placed.tobytes()
    return (*own, -1 if uniform else device)


def first_borders(problem: Problem, most: int | None = None) -> Ints:
    """All places between groups, or so many: of each stretch of groups that one where the fewest bytes cross."""
    count = len(problem.groups)
    few = int((MOST_STEPS / 10 / len(problem.devices)) ** 0.5)
    most = most or min(MOST_BORDERS if problem.roomy else MOST_BORDERS_IN_MEMORY, few)
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


def _near(borders: Ints, device_of: Sequence[int], count: int) -> Ints:
    """Every place near the borders of a division, and every second of the others."""
    found = np.flatnonzero(np.diff(device_of)) + 1
    width = max(len(borders) // (4 * len(found) + 1), 1)
    fine = [place for border in found for place in range(border - width, border + width + 1) if 0 < place < count]
    return np.unique([0, *fine, *borders[::2], count])


def _divided(problem: Problem, way: Way, cuts: Cuts) -> list[int] | None:
    count = len(cuts.borders) - 1
    best = np.full(count + 1, np.inf)
    best[0] = 0.0
    tables: dict[tuple[object, ...], Floats] = {}
    choices = []
    for d in way.order:
        rates = way.latency[d], way.per_byte[d]
        key = (*rates, problem.seconds[d].tobytes(), _elsewhere(problem, d).tobytes(), problem.limits_bytes[d])
        if key not in tables:
            tables = {key: _loads(problem, cuts, d, *rates)}  # only the last one: a table may be large
        reached = np.maximum(best[None, ::-1], tables[key])  # (end, start from the last)
        latest = reached.argmin(axis=1)  # among equals the latest start: earlier devices first
        choices.append(count - latest)
        best = reached[np.arange(count + 1), latest]
    return _walk_back(way.order, choices, cuts.borders) if np.isfinite(best[count]) else None


def _loads(problem: Problem, cuts: Cuts, device: int, latency: float, per_byte: float) -> Floats:
    """(end, start from the last) -> the load of a device for the interval, infinite where it cannot have it."""
    seconds = problem.seconds[device]
    done = np.concatenate([[0.0], np.cumsum(np.where(np.isfinite(seconds), seconds, 0.0))])[cuts.borders]
    load = cuts.messages * latency + cuts.sizes * per_byte
    load += done[None, :] - done[:, None]
    foreign = np.concatenate([[0], np.cumsum(_elsewhere(problem, device))])[cuts.borders]
    load[np.tril(np.ones(load.shape, bool)) | (foreign[None, :] != foreign[:, None])] = np.inf
    if not problem.roomy:
        ends = Intervals(problem, cuts.borders).ends(float(problem.limits_bytes[device]))
        load[np.arange(len(ends))[None, :] > ends[:, None]] = np.inf
    np.fill_diagonal(load, 0.0)
    return np.ascontiguousarray(load.T[:, ::-1])


def _elsewhere(problem: Problem, device: int) -> Mask:
    """Groups that the device cannot run, or may not have."""
    return np.asarray(((problem.pins >= 0) & (problem.pins != device)) | ~np.isfinite(problem.seconds[device]))


def _walk_back(order: Sequence[int], choices: list[Ints], borders: Ints) -> list[int]:
    device_of = [0] * int(borders[-1])
    end = len(borders) - 1
    for d, starts in zip(reversed(order), reversed(choices), strict=True):
        start = int(starts[end])
        first, last = int(borders[start]), int(borders[end])
        device_of[first:last] = [d] * (last - first)
        end = start
    return device_of


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


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    steps = min(len(problem.groups), MOST_BORDERS) ** 2 * len(problem.devices)
    values = [np.inf if best is None else loads(problem, best.device_of).max()]
    for i, way in enumerate(ways(problem)):
        if i and (i * steps > MOST_STEPS or deadline.over):
            break
        found = chain(problem, way)
        if found is not None and (value := loads(problem, found).max()) < min(values):
            best = Answer(tuple(found))
            values.append(value)
    return best


STRATEGY = Strategy("chain", _solve, quick=True)
