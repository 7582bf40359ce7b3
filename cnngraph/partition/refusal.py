"""Why nothing fits, with the limit that binds and its numbers, and how many devices would do, found by trying.

resnet152 training needs 9.8 GB on the fullest device, gpu0, with 4 devices; 8 GB are there
help: 6 devices of 8 GB would do
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnngraph.cost.quantity import bytes_text
from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.partition.memory import Intervals
from cnngraph.partition.objective import alone_bytes, least_fullest
from cnngraph.partition.problem import Ints, Problem
from cnngraph.partition.strategies.least_memory import least_memory
from cnngraph.partition.strategy import Deadline, known_strategies

SECONDS = 10.0  # for one strategy
QUICK = ("around_pins", "chain", "branches")


class DoesNotFit(CnnGraphError):
    """Memory is too small: more of it, or less to hold, would do."""


def divisible(problem: Problem) -> bool:
    """Whether a quick strategy finds any division."""
    if least_fullest(problem) > 1:
        return False
    known = known_strategies()
    plain = replace(problem, objective="throughput")
    for name in QUICK:
        try:
            if known[name].solve(plain, None, Deadline(SECONDS)) is not None:
                return True
        except CnnGraphError:
            continue
    return False


def refusal(problem: Problem) -> CnnGraphError:
    """Why no division was found, with the limit that binds: E0602."""
    unlimited = replace(problem, limits_bytes=np.full(len(problem.devices), np.inf))
    if not divisible(unlimited):
        return _no_order(problem)
    sizes, roomiest = alone_bytes(problem), int(np.argmax(problem.limits_bytes))
    limit = float(problem.limits_bytes[roomiest])
    if sizes.max() > limit:
        name = problem.groups[int(sizes.argmax())]
        return DoesNotFit(
            Diagnostic(
                "E0602",
                f"{name} needs {bytes_text(sizes.max())} with its inputs and what must stay with it, "
                f"but {problem.devices[roomiest]} has {bytes_text(limit)}",
                helps=("no number of such devices would do: take a device with more memory",),
            )
        )
    return _too_small(problem, roomiest)


def _too_small(problem: Problem, roomiest: int) -> CnnGraphError:
    found = least_memory(problem, Deadline(0))
    assert found is not None, "without limits there is a division"
    chosen, count = np.array(found), len(problem.devices)
    peaks = np.array([problem.peak_bytes(chosen == d) for d in range(count)])
    fullest = int((peaks / problem.limits_bytes).argmax())
    limit = bytes_text(problem.limits_bytes[fullest])
    there = f"{limit} are there" if count == 1 or len(set(problem.limits_bytes)) == 1 else f"it has {limit}"
    who = "" if count == 1 else f" on the fullest device, {problem.devices[fullest]}, with {count} devices"
    enough = devices_that_do(problem, roomiest)
    help_ = [f"{enough} devices of {bytes_text(problem.limits_bytes[roomiest])} would do"] if enough else []
    title = f"{problem.title} training" if any(problem.exchange_bytes) else problem.title
    return DoesNotFit(
        Diagnostic("E0602", f"{title} needs {bytes_text(peaks[fullest])}{who}; {there}", helps=tuple(help_))
    )


def devices_that_do(problem: Problem, like: int) -> int | None:
    """So many devices, all further ones like this one, do; of all numbers that were tried the least."""
    held = Intervals(problem).devices_needed(float(problem.limits_bytes[like]))
    if held is None:
        return None
    low, high = len(problem.devices), len(problem.devices) + held  # `low` does not do
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if divisible(enlarged(problem, middle, like)) else (middle, high)
    return high


def enlarged(problem: Problem, count: int, like: int) -> Problem:
    """The problem with more devices like one of its own."""
    own = np.array([*range(len(problem.devices)), *[like] * (count - len(problem.devices))])
    apart = ~np.eye(count, dtype=bool)
    return replace(
        problem,
        devices=tuple(f"{problem.devices[d]}#{i}" for i, d in enumerate(own)),
        task_seconds=problem.task_seconds[own],
        pay_seconds=problem.worst_pay[0][own][:, None] * apart,
        pay_seconds_per_byte=problem.worst_pay[1][own][:, None] * apart,
        limits_bytes=problem.limits_bytes[own],
    )


def _no_order(problem: Problem) -> CnnGraphError:
    """Placements, and operators that devices lack, leave no order of stages."""
    reasons = []
    for d, name in enumerate(problem.devices):
        if (placed := np.flatnonzero(problem.pins == d)).size:
            reasons.append(f"{_named(problem, placed)} is placed on {name}")
        if (unable := np.flatnonzero(~np.isfinite(problem.seconds[d]))).size:
            reasons.append(f"{name} cannot run {_named(problem, unable)}")
    text = f"{problem.title} cannot be divided into stages one after the other: {'; '.join(reasons)}"
    return error("E0602", text, "let values go back and forth between devices (--any-split), or place less")


def _named(problem: Problem, groups: Ints) -> str:
    first = problem.groups[int(groups[0])]
    return f"{first} and {len(groups) - 1} more" if len(groups) > 1 else first
