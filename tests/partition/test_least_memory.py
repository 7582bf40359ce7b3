"""The least full division against all divisions of small problems."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from partition.random_graphs import random_training, slow_cluster
from partition.random_problems import random_problem

from cnngraph.partition.objective import fullest, least_fullest
from cnngraph.partition.pose import pose
from cnngraph.partition.problem import Problem, lawful
from cnngraph.partition.strategies.least_memory import STRATEGY
from cnngraph.partition.strategy import Deadline


def least_by_trying(problem: Problem) -> float:
    roomy = replace(problem, limits_bytes=np.full(len(problem.devices), np.inf))
    every = product(range(len(problem.devices)), repeat=len(problem.groups))
    return min(fullest(problem, d) for d in every if lawful(roomy, d))


@pytest.mark.parametrize("contiguous", [True, False])
def test_small_problems_are_solved(contiguous: bool) -> None:
    for seed in range(6):
        problem = replace(random_problem(seed, 6, 3), contiguous=contiguous, objective="memory")
        problem = replace(problem, limits_bytes=np.array([1.0, 2.0, 2.5]) * (1 + seed % 5))
        least = least_by_trying(problem)
        answer = STRATEGY.solve(problem, None, Deadline())
        assert answer is not None
        assert fullest(problem, answer.device_of) == pytest.approx(least), seed
        assert least_fullest(problem) <= least + 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_memory_of_a_training_step_by_liveness(seed: int) -> None:
    problem = pose(random_training(seed).bind(batch=2), slow_cluster(2), "memory")
    answer = STRATEGY.solve(problem, None, Deadline(20))
    assert answer is not None
    chosen = np.array(answer.device_of)
    assert fullest(problem, answer.device_of) == max(problem.peak_bytes(chosen == d) / 1e9 for d in range(2))
    assert fullest(problem, answer.device_of) < problem.peak_bytes(np.ones(len(chosen), bool)) / 1e9
    assert fullest(problem, answer.device_of) == pytest.approx(least_by_trying(problem))
    assert least_fullest(problem) <= fullest(problem, answer.device_of)
