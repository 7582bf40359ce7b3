"""The program of a division, solved by HiGHS through SciPy: for those who have SciPy and not OR-tools.

It cannot be told a division to begin with, only to find a better one, and its seconds are not rounded. It is slower
than CP-SAT on the same program. One thread and no seed: only the clock can change its answer.
source: Huangfu, Hall: Parallelizing the dual revised simplex method, Math. Prog. Comp. 10, 2018 (HiGHS).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from cnngraph.partition.problem import Answer, Floats, Problem
from cnngraph.partition.program import BUSIEST, Program, Row
from cnngraph.partition.solver import solved
from cnngraph.partition.strategy import Deadline, Strategy

CLOSE = 1e-7  # relative: what HiGHS calls equal, so what it proves is that much less certain
MOST_VARIABLES = 15_000  # with more it gets nowhere, and may overrun its time


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    return solved(problem, best, deadline, _ask, MOST_VARIABLES, "HiGHS")


def _ask(
    program: Program, hint: Floats | None, between: tuple[float, float], deadline: Deadline
) -> tuple[Floats | None, float]:
    """Seconds are told as parts of the highest value: the solver's tolerances are absolute."""
    del hint  # milp takes none
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    entries, limits = [], []
    for number, row in enumerate(_rows(program, between[1])):
        entries += [(number, v, c) for v, c in zip(row.variables, row.coefficients, strict=True)]
        limits.append(row.most)
    for number, chosen in enumerate(program.exactly_one, start=len(limits)):
        entries += [(number, v, 1.0) for v in chosen]
    at_most = np.array([*limits, *(1.0 for _ in program.exactly_one)])
    at_least = np.array([*(-np.inf for _ in limits), *(1.0 for _ in program.exactly_one)])
    rows, columns, coefficients = zip(*entries, strict=True)
    table = csr_array((coefficients, (rows, columns)), shape=(len(at_most), program.count))
    lowest, highest, cost = np.zeros(program.count), np.ones(program.count), np.zeros(program.count)
    lowest[BUSIEST], cost[BUSIEST] = between[0] / between[1], 1.0
    whole = np.ones(program.count)
    whole[BUSIEST] = 0
    with _silence():
        found = milp(
            cost,
            integrality=whole,
            bounds=Bounds(lowest, highest),
            constraints=LinearConstraint(table, at_least, at_most),
            options={"time_limit": deadline.left, "mip_rel_gap": 0.0},
        )
    if found.status == 2:
        return None, between[1] * (1 - CLOSE)  # no division is as good as the best so far
    proven = 0.0 if found.mip_dual_bound is None else float(found.mip_dual_bound) * between[1]
    return (None if found.x is None else np.asarray(found.x, float)), proven * (1 - CLOSE)


@contextmanager
def _silence() -> Iterator[None]:
    """Closes standard output to C code: HiGHS prints a line there now and then, in the middle of JSON if need be."""
    sys.stdout.flush()
    kept, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)


def _rows(program: Program, scale: float) -> list[Row]:
    """Rows that always hold: one that is conditional allows as much more as its left side can be where it does not."""
    found = []
    for row in program.rows:
        variables, coefficients, most = list(row.variables), list(row.coefficients), row.most
        if not row.exact:
            unit = scale if variables[-1] == BUSIEST else row.most
            last = -1.0 if variables[-1] == BUSIEST else coefficients[-1] / unit
            coefficients, most = [*(c / unit for c in coefficients[:-1]), last], most / unit
        if row.given is not None:
            largest = sum(c for c in coefficients if c > 0)
            variables.append(row.given)
            coefficients.append(largest)
            most += largest
        found.append(Row(variables, coefficients, most))
    return found


STRATEGY = Strategy("integer", _solve, whole=True, needs="scipy")
