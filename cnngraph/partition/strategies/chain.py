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

from cnngraph.partition.problem import Answer, Floats, Ints, Problem, loads
from cnngraph.partition.segments import MOST_BORDERS, IntervalLoads, cut_tables, first_borders, near
from cnngraph.partition.strategy import Deadline, Strategy

MOST_STEPS = 3e8  # cells of tables, over all orders of the devices
MOST_ORDERS = 24
MOST_ROUNDS = 4  # of finer borders


@dataclass(frozen=True)
class Way:
    """The devices in the order of the chain, and what each pays for a message and for a byte."""

    order: tuple[int, ...]
    latency: Floats
    per_byte: Floats


def chain(problem: Problem, way: Way | None = None, table: IntervalLoads | None = None) -> list[int] | None:
    """The device of each group, or None if no contiguous division in this order respects memory and placements."""
    way, table = way or next(ways(problem)), table or first_table(problem)
    borders = table.cuts.borders
    found = _divided(way, table)
    for _ in range(MOST_ROUNDS if found is not None and len(borders) <= len(problem.groups) else 0):
        assert found is not None
        cuts = cut_tables(problem, near(borders, found, len(problem.groups)))
        finer = _divided(way, IntervalLoads(problem, cuts))
        if finer is None or finer == found:
            break
        found = finer
    return found


def first_table(problem: Problem) -> IntervalLoads:
    """Loads between all borders, or between so many that tables are small."""
    borders = first_borders(problem, int((MOST_STEPS / 10 / len(problem.devices)) ** 0.5))
    return IntervalLoads(problem, cut_tables(problem, borders))


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


def _divided(way: Way, table: IntervalLoads) -> list[int] | None:
    count = len(table.cuts.borders) - 1
    best = np.full(count + 1, np.inf)
    best[0] = 0.0
    choices = []
    for d in way.order:
        # (end, start from the last)
        reached = np.maximum(best[None, ::-1], table.of(d, way.latency[d], way.per_byte[d]))
        latest = reached.argmin(axis=1)  # among equals the latest start: earlier devices first
        choices.append(count - latest)
        best = reached[np.arange(count + 1), latest]
    return _walk_back(way.order, choices, table.cuts.borders) if np.isfinite(best[count]) else None


def _walk_back(order: Sequence[int], choices: list[Ints], borders: Ints) -> list[int]:
    device_of = [0] * int(borders[-1])
    end = len(borders) - 1
    for d, starts in zip(reversed(order), reversed(choices), strict=True):
        start = int(starts[end])
        first, last = int(borders[start]), int(borders[end])
        device_of[first:last] = [d] * (last - first)
        end = start
    return device_of


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    steps = min(len(problem.groups), MOST_BORDERS) ** 2 * len(problem.devices)
    table = first_table(problem)
    values = [np.inf if best is None else loads(problem, best.device_of).max()]
    for i, way in enumerate(ways(problem)):
        if i and (i * steps > MOST_STEPS or deadline.over):
            break
        found = chain(problem, way, table)
        if found is not None and (value := loads(problem, found).max()) < min(values):
            best = Answer(tuple(found))
            values.append(value)
    return best


STRATEGY = Strategy("chain", _solve, quick=True)
