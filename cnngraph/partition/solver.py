"""What strategies that ask a solver have in common: the program of a smaller problem, and what its answer proves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from cnngraph.partition.problem import Answer, Floats, Problem
from cnngraph.partition.program import Program, program_size
from cnngraph.partition.proof import SIMPLE_PROOF, improved, proven_seconds, value_seconds
from cnngraph.partition.relaxed import contracted, relaxed
from cnngraph.partition.strategies.chain import STRATEGY as CHAIN
from cnngraph.partition.strategy import Deadline

LEAST_SECONDS = 0.05  # below that a solver is not asked

Ask: TypeAlias = Callable[[Program, Floats | None, tuple[float, float], Deadline], tuple[Floats | None, float]]
"""(program, all variables of the best division so far, the seconds it lies between, deadline) -> all variables of the
best division found, or None; and seconds that no division is below."""


def solved(
    problem: Problem, best: Answer | None, deadline: Deadline, ask: Ask, most_variables: int, proof: str
) -> Answer | None:
    """The better of the best answer and what the solver finds. With more variables it is not asked."""
    best = best or CHAIN.solve(problem, None, deadline)
    smaller = contracted(relaxed(problem))
    value, bound = value_seconds(problem, best), proven_seconds(smaller.problem, best)
    if value <= bound:
        return improved(problem, best, None, bound, SIMPLE_PROOF)
    if program_size(smaller.problem) > most_variables or deadline.left < LEAST_SECONDS:
        return best
    program = Program(smaller.problem)
    hint = None if best is None or best.teams else program.values(smaller.shrink(best.device_of), value)
    found, proven = ask(program, hint, (bound, value), deadline)
    answer = None if found is None else smaller.expand(program.devices(found))
    return improved(problem, best, answer, max(bound, min(proven, value)), proof)
