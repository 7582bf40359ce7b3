"""List scheduling for the latency: task after task goes to the device where it ends first.

The rank of a task is the time from its start to the end of the run, by the longest path, at mean speeds. Tasks go by
falling rank; what was said of the first task of a group holds for all of it. A second list goes in the common order in
which devices run their tasks; a third one puts everything on the best device. The shortest of the three is the answer.
Tasks that wait for nothing and take no time, such as weights, follow their group.
source: Topcuoglu, Hariri, Wu: Performance-effective and low-complexity task scheduling for heterogeneous computing
(HEFT), IEEE TPDS 13(3), 2002, section 4. Deviations: groups, limits, and no insertion into gaps, as devices here keep
the common order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnngraph.partition.makespan import PieceRun, TaskRun
from cnngraph.partition.problem import Answer, Problem, lawful
from cnngraph.partition.strategy import Deadline, Strategy


def ranks(problem: Problem) -> list[float]:
    """Seconds from the start of each task to the end of a run on devices of mean speed, joined by mean links."""
    able = np.isfinite(problem.task_seconds)
    work = np.where(able, problem.task_seconds, 0.0).sum(axis=0) / np.maximum(able.sum(axis=0), 1)
    latency, per_byte = problem.pay_seconds.mean(), problem.pay_seconds_per_byte.mean()
    after = [0.0] * len(problem.tasks)
    makes: list[list[int]] = [[] for _ in problem.tasks]
    for v, value in enumerate(problem.values):
        makes[value.source].append(v)
    found = after
    for task in reversed(range(len(after))):
        for v in makes[task]:
            value = problem.values[v]
            travel = float(latency + value.bytes * per_byte)
            after[task] = max(after[task], travel + max((found[reader] for reader in value.readers), default=0.0))
        found[task] = after[task] + float(work[task])
    return found


class Placing:
    """Tasks are placed one by one."""

    def __init__(self, problem: Problem, run: TaskRun) -> None:
        self.problem, self.run = problem, run
        self.device_of: list[int] = problem.pins.tolist()
        self.placed = problem.pins.copy()
        self.free = [0.0] * len(problem.devices)
        self.end = [0.0] * len(problem.tasks)
        self.leads: list[set[int]] = [set() for _ in problem.devices]  # stages that wait for each device
        self.near: list[list[tuple[int, bool]]] = [[] for _ in problem.groups]
        for first, second in sorted(problem.before):
            self.near[first].append((second, True))
            self.near[second].append((first, False))
        for group in np.flatnonzero(problem.pins >= 0):
            self.lead(int(group))

    def place(self, task: int) -> bool:
        """Whether there is a device for the task."""
        group = self.run.group_of[task]
        if self.device_of[group] < 0:
            choices = sorted((self.ends(task, d), d) for d in self.run.devices)
            device = next((d for end, d in choices if end < np.inf and self.allowed(group, d)), None)
            if device is None:
                return False
            self.device_of[group] = self.placed[group] = device
            self.lead(group)
        device = self.device_of[group]
        self.free[device] = self.end[task] = self.ends(task, device)
        return True

    def ends(self, task: int, device: int) -> float:
        """When the task would be done there."""
        run, start = self.run, self.free[device]
        for v in run.reads[task]:
            source = run.source[v]
            home = self.device_of[run.group_of[source]]
            if home >= 0:
                start = max(start, self.end[source] + run.travel(v, home, device))
        return start + run.task_seconds[device][task]

    def allowed(self, group: int, device: int) -> bool:
        problem = self.problem
        if not np.isfinite(problem.seconds[device, group]):
            return False
        if problem.contiguous and self.in_a_ring(group, device):
            return False
        if problem.roomy:
            return True
        chosen = self.placed == device
        chosen[group] = True
        return problem.peak_bytes(chosen) <= float(problem.limits_bytes[device])

    def lead(self, group: int) -> None:
        """Remembers which stages wait for which, with a group that has just been placed."""
        device = self.device_of[group]
        for other, later in self.near[group]:
            there = self.device_of[other]
            if there >= 0 and there != device:
                self.leads[device if later else there].add(there if later else device)

    def in_a_ring(self, group: int, device: int) -> bool:
        """Whether stages would wait for each other if the group came to the device."""
        others = [(self.device_of[other], later) for other, later in self.near[group]]
        before = {d for d, later in others if not later and d not in (-1, device)}
        ready = [d for d, later in others if later and d not in (-1, device)] + list(self.leads[device])
        seen = set(ready)
        while ready:
            here = ready.pop()
            if here == device or here in before:
                return True
            ready += self.leads[here] - seen
            seen |= self.leads[here]
        return False


def listed(problem: Problem, run: TaskRun, order: Sequence[int]) -> tuple[int, ...] | None:
    """The division where tasks were placed in this order; None if a limit left one without a device."""
    placing = Placing(problem, run)
    leaves = [not run.reads[task] and not problem.task_seconds[:, task].any() for task in range(len(problem.tasks))]
    for late in (False, True):
        if not all(placing.place(task) for task in order if leaves[task] == late):
            return None
    return tuple(placing.device_of)


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    del deadline  # each list is one pass over the tasks
    run, rank = TaskRun(problem), ranks(problem)
    tasks = range(len(problem.tasks))
    lists = [listed(problem, run, order) for order in (sorted(tasks, key=lambda t: (-rank[t], t)), tasks)]
    one = (int(problem.seconds.sum(axis=1).argmin()),) * len(problem.groups)
    found = [division for division in (*lists, one) if division is not None and lawful(problem, division)]
    timed = run if not problem.in_one_piece else PieceRun(problem)
    answers = [*([best] if best else []), *map(Answer, found)]
    return min(answers, key=lambda answer: timed.seconds(answer.device_of), default=None)


STRATEGY = Strategy("list_scheduling", _solve, frozenset({"latency"}), quick=True)
