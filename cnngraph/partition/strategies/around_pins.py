"""A division around placements that no chain can follow, such as two towers that alternate between two devices.

The rule: what the file places goes where it says. Then each free group, in the order of the chain, goes to the device
that keeps the busiest device least busy; among equals where it adds the least communication, then to the device of the
group before it. Values may then cross in both directions; as all devices keep one order of nodes, none waits forever.
source: list scheduling, Graham: Bounds on multiprocessing timing anomalies, SIAM J. Appl. Math. 17(2), 1969.
"""

from __future__ import annotations

import numpy as np

from cnngraph.cost.quantity import bytes_text
from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.partition.problem import Answer, Floats, Mask, Problem
from cnngraph.partition.strategy import Deadline, Strategy


class Loads:
    """Loads of the devices while groups are placed one by one; a value costs what the device's slowest link takes."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.latency, self.per_byte = problem.worst_pay
        self.seconds = np.zeros(len(problem.devices))
        self.touched: list[set[int]] = [set() for _ in problem.nets]

    def added(self, group: int, device: int) -> tuple[Floats, float]:
        """What each device gains if the group goes to `device`, and how much of it is communication."""
        gains = np.zeros(len(self.seconds))
        for n in self.problem.nets_of[group]:
            on = self.touched[n]
            if on and device not in on:
                for d in [device, *on] if len(on) == 1 else [device]:
                    gains[d] += self.latency[d] + self.problem.nets[n].bytes * self.per_byte[d]
        communication = float(gains.sum())
        gains[device] += self.problem.seconds[device, group]
        return gains, communication

    def place(self, group: int, device: int) -> None:
        self.seconds += self.added(group, device)[0]
        for n in self.problem.nets_of[group]:
            self.touched[n].add(device)


def around_pins(problem: Problem) -> list[int]:
    """The device of each group. Errors: E0602 if a device's memory is too small for what is placed on it."""
    loads = Loads(problem)
    device_of = problem.pins.copy()
    for g in np.flatnonzero(device_of >= 0):
        loads.place(int(g), int(device_of[g]))
    for d in range(len(problem.devices)):
        if not _fits(problem, device_of == d, d):
            raise _too_full(problem, device_of == d, d, "what the file places there")
    for g in np.flatnonzero(problem.pins < 0):
        before = int(device_of[g - 1]) if g else 0
        choices = []
        for d in np.flatnonzero(np.isfinite(problem.seconds[:, g])).tolist():
            gains, communication = loads.added(int(g), d)
            choices.append(((loads.seconds + gains).max(), communication, d != before, d))
        for *_, d in sorted(choices):
            device_of[g] = d
            if problem.roomy or _fits(problem, device_of == d, d):
                break
        else:
            raise _too_full(problem, device_of == d, d, f"{problem.groups[g]} and what is already there")
        loads.place(int(g), int(device_of[g]))
    return [int(d) for d in device_of]


def _fits(problem: Problem, chosen: Mask, device: int) -> bool:
    return problem.peak_bytes(chosen) <= float(problem.limits_bytes[device])


def _too_full(problem: Problem, chosen: Mask, device: int, what: str) -> CnnGraphError:
    has, needs = bytes_text(problem.limits_bytes[device]), bytes_text(problem.peak_bytes(chosen))
    return error(
        "E0602",
        f"{problem.devices[device]} has {has}, but {what} need {needs}",
        "place less there (remove an `on`), take a smaller batch or a device with more memory",
    )


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    del deadline  # one pass over the groups
    if problem.contiguous:
        return best
    if any(not np.isfinite(problem.seconds[pin, g]) for g, pin in enumerate(problem.pins) if pin >= 0):
        return best
    try:
        return Answer(tuple(around_pins(problem)))
    except CnnGraphError:
        if best is None:
            raise
        return best


STRATEGY = Strategy("around_pins", _solve, quick=True)
