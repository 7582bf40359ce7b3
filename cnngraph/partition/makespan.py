"""How long one run of a division takes, from its start to the end of its last task.

Every device runs its tasks in the common order, one at a time. A value sets out when its maker is done; a link carries
one value at a time, in the order of their makers, while the devices at its ends go on:

    gpu0    a[===] b[====]
    link          a[..] b[..]        b waits for the link
    gpu1              c[==] d[===]   c reads a, d reads b

Where a problem has devices that run `in_one_piece`, as a call of a whole subgraph, such a device waits for all that it
reads, takes it in, computes and gives out all that others read, one after the other. The other devices then run each
task as soon as its values are there, any number at a time:

    piece   takes in [...] computes [======] gives out [..]
source: the second model is that of Tarnawski et al.: Efficient algorithms for device placement of DNN graph operators,
NeurIPS 2020, section 3 on latency.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cnngraph.partition.bound import lower_bound_seconds
from cnngraph.partition.problem import Floats, Problem, loads


def makespan(problem: Problem, device_of: Sequence[int]) -> float:
    """Seconds of one run; infinite where pieces wait for each other."""
    return run_of(problem).seconds(device_of)


def run_of(problem: Problem) -> TaskRun | PieceRun:
    """What times the divisions of a problem: made once, asked for many."""
    return PieceRun(problem) if problem.in_one_piece else TaskRun(problem)


def travel_seconds(problem: Problem, count: float) -> Floats:
    """(devices, devices): seconds for which a value of `count` bytes is on its way from the first to the second."""
    pays = problem.pay_seconds + count * problem.pay_seconds_per_byte
    found = np.maximum(pays, pays.T)
    np.fill_diagonal(found, 0.0)
    return found


class TaskRun:
    """Devices run task after task. Of the last run, `blamed` says for each task which one it waited for (-1: none), and
    `there` for each value when it was on which device."""

    def __init__(self, problem: Problem) -> None:
        self.group_of: list[int] = problem.group_of.tolist()
        self.task_seconds: list[list[float]] = problem.task_seconds.tolist()
        self.devices = range(len(problem.devices))
        self.bytes = [float(value.bytes) for value in problem.values]
        self.latency: list[list[float]] = problem.pay_seconds.tolist()
        self.per_byte: list[list[float]] = problem.pay_seconds_per_byte.tolist()
        self.source = [value.source for value in problem.values]
        self.readers = [sorted(value.readers) for value in problem.values]
        self.reads: list[list[int]] = [[] for _ in problem.tasks]
        self.makes: list[list[int]] = [[] for _ in problem.tasks]
        for v, value in enumerate(problem.values):
            self.makes[value.source].append(v)
            for reader in dict.fromkeys(value.readers):
                self.reads[reader].append(v)
        self.blamed: list[int] = []
        self.end: list[float] = []
        self.there: list[dict[int, float]] = []

    def seconds(self, device_of: Sequence[int], taken: Sequence[float] | None = None) -> float:
        """Seconds of one run of a division; `taken` is for pieces."""
        del taken
        on = [device_of[group] for group in self.group_of]
        there: list[dict[int, float]] = [{} for _ in self.source]  # when a value arrives, by device
        free, last = [0.0 for _ in self.devices], [-1 for _ in self.devices]
        road = [[0.0 for _ in self.devices] for _ in self.devices]
        self.end, self.blamed, self.there = [], [], there
        for task, d in enumerate(on):
            start, blamed = free[d], last[d]
            for v in self.reads[task]:
                if there[v][d] > start:
                    start, blamed = there[v][d], self.source[v]
            free[d] = end = start + self.task_seconds[d][task]
            last[d] = task
            for v in self.makes[task]:
                there[v][d] = end
                for reader in self.readers[v]:
                    target = on[reader]
                    if target not in there[v]:
                        there[v][target] = road[d][target] = max(end, road[d][target]) + self.travel(v, d, target)
            self.end.append(end)
            self.blamed.append(blamed)
        return max(self.end, default=0.0)

    def travel(self, value: int, source: int, target: int) -> float:
        """Seconds for which a value is on its way, as `travel_seconds` says for all devices."""
        if source == target:
            return 0.0
        count = self.bytes[value]
        there = self.latency[source][target] + count * self.per_byte[source][target]
        return max(there, self.latency[target][source] + count * self.per_byte[target][source])

    def critical_groups(self) -> list[int]:
        """Groups of the tasks that the end of the last run waited for, one after the other."""
        found: dict[int, None] = {}
        task = max(range(len(self.end)), key=self.end.__getitem__, default=-1)
        while task >= 0:
            found[self.group_of[task]] = None
            task = self.blamed[task]
        return list(found)


class PieceRun:
    """Some devices run all they have in one piece, others each task as soon as they can."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.group_of: list[int] = problem.group_of.tolist()
        self.task_seconds: list[list[float]] = problem.task_seconds.tolist()
        self.count = len(problem.devices)
        self.after: list[list[int]] = [[] for _ in problem.tasks]
        for value in problem.values:
            self.after[value.source].extend(dict.fromkeys(value.readers))
        self.blamed: dict[int, int] = {}
        self.on: list[int] = []
        self.last = -1
        self.finish: dict[int, float] = {}  # of the pieces and tasks of the last run

    def seconds(self, device_of: Sequence[int], taken: Sequence[float] | None = None) -> float:
        """Seconds of one run of a division, infinite where pieces wait for each other; `taken`: its loads, if known."""
        taken = loads(self.problem, device_of).tolist() if taken is None else taken
        pieces, count, self.last = self.problem.in_one_piece, self.count, -1
        devices = [device_of[group] for group in self.group_of]
        self.on = on = [d if d in pieces else count + task for task, d in enumerate(devices)]
        waits: dict[int, int] = dict.fromkeys(on, 0)
        after: dict[int, list[int]] = {unit: [] for unit in waits}
        for task, users in enumerate(self.after):
            here = on[task]
            for user in users:
                if on[user] != here:
                    waits[on[user]] += 1
                    after[here].append(on[user])
        start: dict[int, float] = dict.fromkeys(waits, 0.0)
        self.blamed = dict.fromkeys(waits, -1)
        self.finish = {}
        ready, done, latest = [unit for unit, awaited in waits.items() if not awaited], 0, 0.0
        while ready:
            unit = ready.pop()
            done += 1
            own = taken[unit] if unit < count else self.task_seconds[devices[unit - count]][unit - count]
            self.finish[unit] = end = start[unit] + own
            if end > latest or self.last < 0:
                latest, self.last = end, unit
            for user in after[unit]:
                if end > start[user]:
                    start[user], self.blamed[user] = end, unit
                waits[user] -= 1
                if not waits[user]:
                    ready.append(user)
        return latest if done == len(waits) else math.inf

    def critical_groups(self) -> list[int]:
        """Groups of the pieces and tasks that the end of the last run waited for."""
        units, unit = set(), self.last
        while unit >= 0:
            units.add(unit)
            unit = self.blamed[unit]
        return list(dict.fromkeys(group for group, unit in zip(self.group_of, self.on, strict=True) if unit in units))


def least_makespan(problem: Problem) -> float:
    """No division has a shorter run: the longest path, each task on the device that is best for the path.

    Where devices run one task at a time, also the least load that the busiest one can have.
    """
    ready = np.zeros((len(problem.tasks), len(problem.devices)))
    pinned = problem.pins[problem.group_of]
    may = (pinned < 0)[:, None] | (pinned[:, None] == np.arange(len(problem.devices)))
    longest = 0.0
    values: list[list[int]] = [[] for _ in problem.tasks]
    for v, value in enumerate(problem.values):
        values[value.source].append(v)
    for task in range(len(problem.tasks)):
        end = np.where(may[task], ready[task] + problem.task_seconds[:, task], np.inf)
        longest = max(longest, float(end.min()))
        for v in values[task]:
            there = (end[:, None] + travel_seconds(problem, problem.values[v].bytes)).min(axis=0)
            for reader in problem.values[v].readers:
                ready[reader] = np.maximum(ready[reader], there)
    return longest if problem.in_one_piece else max(longest, lower_bound_seconds(problem))
