"""What every exact strategy owes, against all divisions of a small problem."""

from __future__ import annotations

import pytest
from partition.random_problems import best_by_trying

from cnngraph.partition.problem import Answer, Problem, lawful, loads
from cnngraph.partition.strategy import Deadline, Strategy


def value(problem: Problem, answer: Answer) -> float:
    return float(loads(problem, answer.device_of).max())


def best_and_proven(strategy: Strategy, problem: Problem) -> Answer | None:
    """The answer, which is as good as the best division, and says so; None where no division is lawful."""
    expected, answer = best_by_trying(problem), strategy.solve(problem, None, Deadline())
    if expected is None:
        assert answer is None
        return None
    assert answer is not None
    assert lawful(problem, answer.device_of)
    assert value(problem, answer) == pytest.approx(expected)
    assert answer.bound_seconds == pytest.approx(expected, rel=1e-6)
    assert answer.bound_seconds <= expected * (1 + 1e-9)
    return answer


def bound_holds(strategy: Strategy, problem: Problem) -> None:
    """Where links differ it need not be the best, but no division is below its bound."""
    expected, answer = best_by_trying(problem), strategy.solve(problem, None, Deadline())
    if answer is not None:
        assert expected is not None
        assert lawful(problem, answer.device_of)
        assert answer.bound_seconds <= expected * (1 + 1e-9) <= value(problem, answer) * (1 + 2e-9)
