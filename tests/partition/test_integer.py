"""HiGHS against every division of small problems; without SciPy these tests are skipped."""

from __future__ import annotations

from dataclasses import replace

import pytest
from partition.exact import best_and_proven, bound_holds
from partition.random_problems import random_problem

from cnngraph.partition.strategies.integer import STRATEGY
from cnngraph.partition.strategy import Deadline

pytest.importorskip("scipy", reason="the strategy integer needs SciPy")


@pytest.mark.parametrize("contiguous", [True, False])
@pytest.mark.parametrize("seed", range(15))
def test_the_answer_is_the_best_and_proven(seed: int, contiguous: bool) -> None:
    best_and_proven(STRATEGY, replace(random_problem(seed, alike=True), contiguous=contiguous))


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_holds_where_links_differ(seed: int) -> None:
    bound_holds(STRATEGY, replace(random_problem(seed), contiguous=False))


def test_a_deadline_that_is_over_leaves_the_answer_as_it_was() -> None:
    problem = random_problem(1, alike=True)
    given = STRATEGY.solve(problem, None, Deadline())
    assert given is not None
    assert STRATEGY.solve(problem, given, Deadline(0.0)) == given
