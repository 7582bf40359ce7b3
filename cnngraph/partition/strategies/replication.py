"""The best division of the chain into one interval for each team of devices that are alike.

    groups    0  1  2  3 | 4  5  6  7  8          load(interval, team of r) = (compute + cut values) / r
    teams     gpu0, gpu1 |    gpu2                                           + exchange of its gradients

    best(u, j) = min over r and i of max(best(u - r, i), load(i, j, r)): u devices are used for the first j groups

A member holds all weights of its stage, and its memory is that of the stage on one device. A team stands for its first
member in `device_of`. It pays for values as that one does, over its slowest link.
source: Narayanan and others: PipeDream, SOSP 2019, section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.partition.problem import Answer, Floats, Ints, Problem, loads
from cnngraph.partition.segments import Cuts, IntervalLoads, cut_tables, first_borders, near
from cnngraph.partition.strategy import Deadline, Strategy

MOST_STEPS = 1.5e8  # cells of tables, over all teams
MOST_ROUNDS = 3  # of finer borders
Choice = tuple[int, Ints]
"""Members of the last team, and for each end where its interval starts, counted from the last border."""


@dataclass(frozen=True)
class Teams:
    """The teams that neighbours in an order of the devices can form."""

    problem: Problem
    order: tuple[int, ...]

    def fits(self, first: int, members: int) -> bool:
        """Whether so many devices from place `first` on are alike; nothing may be placed on any but the first."""
        own = self.order[first : first + members]
        return len(own) == members and all(
            np.array_equal(self.problem.seconds[d], self.problem.seconds[own[0]])
            and self.problem.limits_bytes[d] == self.problem.limits_bytes[own[0]]
            and not (self.problem.pins == d).any()
            for d in own[1:]
        )

    def exchange(self, first: int, members: int, cuts: Cuts) -> Floats:
        """(end, start from the last) -> what the exchange of gradients of the interval takes."""
        own = list(self.order[first : first + members])
        done = np.concatenate([[0.0], np.cumsum(self.problem.exchange_bytes)])[cuts.borders]
        count = done[:, None] - done[None, ::-1]
        latency = self.problem.pay_seconds[np.ix_(own, own)].max()
        per_byte = self.problem.pay_seconds_per_byte[np.ix_(own, own)].max()
        return np.asarray((count > 0) * 2 * (members - 1) * (latency + np.abs(count) / members * per_byte))


def replicated(problem: Problem, order: Sequence[int]) -> Answer | None:
    """The best teams in this order of the devices; None where memory or placements allow none."""
    count = len(order)
    borders = first_borders(problem, int((2 * MOST_STEPS / (count * (count + 1))) ** 0.5))
    teams = Teams(problem, tuple(order))
    found = _divided(teams, cut_tables(problem, borders))
    for _ in range(MOST_ROUNDS if found is not None and len(borders) <= len(problem.groups) else 0):
        assert found is not None
        finer = _divided(teams, cut_tables(problem, near(borders, found.device_of, len(problem.groups))))
        if finer is None or finer == found:
            break
        found = finer
    return found


def _divided(teams: Teams, cuts: Cuts) -> Answer | None:
    problem, size = teams.problem, len(cuts.borders)
    latency, per_byte = problem.worst_pay
    table = IntervalLoads(problem, cuts)
    best = np.full((len(teams.order) + 1, size), np.inf)  # (devices used, end)
    best[0, 0] = 0.0
    choices: dict[int, list[Choice]] = {used: [] for used in range(1, len(teams.order) + 1)}
    values: dict[int, list[Floats]] = {used: [] for used in choices}
    for first, leader in enumerate(teams.order):
        if first:
            best[first] = _least(values[first])
        alone = table.of(leader, latency[leader], per_byte[leader])
        for members in range(1, len(teams.order) - first + 1):
            if not teams.fits(first, members):
                break
            load = alone if members == 1 else alone / members + teams.exchange(first, members, cuts)
            reached = np.maximum(best[first, ::-1][None, :], load)  # (end, start from the last)
            latest = reached.argmin(axis=1)
            choices[first + members].append((members, latest))
            values[first + members].append(reached[np.arange(size), latest])
    if not np.isfinite(_least(values[len(teams.order)])[-1]):
        return None
    return _walk_back(teams, cuts, choices, values)


def _least(values: list[Floats]) -> Floats:
    return np.asarray(np.min(values, axis=0))


def _walk_back(teams: Teams, cuts: Cuts, choices: dict[int, list[Choice]], values: dict[int, list[Floats]]) -> Answer:
    device_of = [0] * int(cuts.borders[-1])
    found: list[tuple[int, ...]] = []
    used, end = len(teams.order), len(cuts.borders) - 1
    while used:
        which = -1 - int(np.argmin([row[end] for row in reversed(values[used])]))  # among equals the smallest team
        members, latest = choices[used][which]
        start = len(cuts.borders) - 1 - int(latest[end])
        own = teams.order[used - members : used]
        first, last = int(cuts.borders[start]), int(cuts.borders[end])
        device_of[first:last] = [own[0]] * (last - first)
        if members > 1 and last > first:
            found.append(own)
        used, end = used - members, start
    return Answer(tuple(device_of), teams=tuple(reversed(found)))


def _orders(problem: Problem) -> list[tuple[int, ...]]:
    """The order of the cluster, and the one in which devices that are equally fast stand together."""
    given = tuple(range(len(problem.devices)))
    total = np.where(np.isfinite(problem.seconds), problem.seconds, 0.0).sum(axis=1)
    together = sorted(given, key=lambda d: (total[d], problem.limits_bytes[d]))
    return list(dict.fromkeys([given, tuple(together), tuple(together[::-1])]))


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    if not problem.replicate:
        return best
    value = np.inf if best is None else float(loads(problem, best.device_of, best.teams).max())
    for order in _orders(problem):
        if deadline.over and best is not None:
            break
        found = replicated(problem, order)
        if found is not None and (reached := float(loads(problem, found.device_of, found.teams).max())) < value:
            best, value = found, reached
    return best


STRATEGY = Strategy("replication", _solve, quick=True)
