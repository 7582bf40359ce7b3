"""The program of a division, solved by OR-tools (CP-SAT), which is told the best division so far.

All its numbers are whole: seconds are rounded down to a billionth of the best value so far, so that what it proves
holds for the real numbers. It starts from that division, with all its cut values, and is given a little slack above it:
without the slack it searches far longer. It has one thread: with several, which of equally good divisions it finds
would differ from run to run, and on contiguous divisions one is as fast.
source: OR-tools, CP-SAT solver, developers.google.com/optimization/cp.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnngraph.partition.problem import Answer, Floats, Problem
from cnngraph.partition.program import BUSIEST, Program, Row
from cnngraph.partition.solver import solved
from cnngraph.partition.strategy import Deadline, Strategy

STEPS = 1_000_000_000  # units of the busiest device
SLACK = 0.03  # above the best value so far
MOST_VARIABLES = 60_000  # with more it gets nowhere, and may overrun its time


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    return solved(problem, best, deadline, _ask, MOST_VARIABLES, "CP-SAT")


def _ask(
    program: Program, hint: Floats | None, between: tuple[float, float], deadline: Deadline
) -> tuple[Floats | None, float]:
    from ortools.sat.python import cp_model

    scale = STEPS / between[1]
    model = cp_model.CpModel()
    highest = int(STEPS * (1 + SLACK)) + 1
    busiest = model.new_int_var(int(between[0] * scale), highest, "busiest")
    variables = [busiest, *(model.new_bool_var("") for _ in range(program.count - 1))]
    for chosen in program.exactly_one:
        model.add_exactly_one(variables[v] for v in chosen)
    for row in program.rows:
        coefficients, most = whole(row, scale)
        terms = [variables[v] for v in row.variables]
        constraint = model.add(cp_model.LinearExpr.weighted_sum(terms, coefficients) <= most)
        if row.given is not None:
            constraint.only_enforce_if(variables[row.given])
    if hint is not None:
        for variable, value in zip(variables[1:], hint[1:], strict=True):
            model.add_hint(variable, int(value))
        model.add_hint(busiest, min(int(hint[BUSIEST] * scale), highest))
    model.minimize(busiest)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = deadline.left
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.catch_sigint_signal = False  # it would leave Ctrl-C with no handler, for the rest of the process
    status = solver.solve(model)
    proven = solver.best_objective_bound / scale
    if status == cp_model.INFEASIBLE:
        return None, between[1]  # nothing is within the slack
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, proven
    return np.array([solver.value(variable) for variable in variables], float), proven


def whole(row: Row, scale: float) -> tuple[Sequence[int], int]:
    """Coefficients and limit as whole numbers that allow all that the row allows."""
    if row.exact:
        return [int(c) for c in row.coefficients], int(row.most)
    if row.variables[-1] == BUSIEST:
        return [*(int(c * scale) for c in row.coefficients[:-1]), -1], 0
    scale = STEPS / row.most
    return [int(c * scale) for c in row.coefficients], STEPS


STRATEGY = Strategy("constraint", _solve, whole=True, needs="ortools")
