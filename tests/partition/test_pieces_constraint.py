"""Proofs of the latency of pieces, against all divisions of small problems."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from partition.random_problems import random_problem

from cnngraph.partition.makespan import makespan
from cnngraph.partition.problem import Answer, Problem, lawful
from cnngraph.partition.strategies.pieces_constraint import STRATEGY
from cnngraph.partition.strategy import Deadline


def one_task_each(seed: int, alike: bool) -> Problem:
    """Two devices that run in one piece, alike or not, and a slow third one that pays nothing."""
    problem = random_problem(seed, 6, 3, alike=True)
    keep = tuple(value for value in problem.values if max(value.readers) < 6)  # no backward tasks
    seconds = np.array([[1.0], [1.0 if alike else 1.3], [4.0]]) * np.arange(1.0, 7.0)
    rate = np.array([[0.0, 1, 1], [1, 0, 1], [0, 0, 0]])
    return replace(
        problem,
        objective="latency",
        tasks=problem.tasks[:6],
        group_of=np.arange(6),
        task_seconds=seconds,
        values=keep,
        before=frozenset((value.source, reader) for value in keep for reader in value.readers),
        pay_seconds=0.1 * rate,
        pay_seconds_per_byte=rate,
        limits_bytes=np.array([7.0, 7.0, np.inf]),
        in_one_piece=frozenset({0, 1}),
    )


@pytest.mark.parametrize("alike", [True, False])
def test_small_problems_are_proven(alike: bool) -> None:
    pytest.importorskip("ortools")
    for seed in range(12):
        problem = one_task_each(seed, alike)
        shortest = min(makespan(problem, d) for d in product(range(3), repeat=6) if lawful(problem, d))
        on_the_third = tuple(2 if pin < 0 else int(pin) for pin in problem.pins)
        start = Answer(on_the_third) if lawful(problem, on_the_third) else None
        for best in (None, start):
            answer = STRATEGY.solve(problem, best, Deadline(20))
            if answer is None:
                continue
            assert lawful(problem, answer.device_of)
            assert makespan(problem, answer.device_of) == pytest.approx(shortest, rel=1e-5), seed
            assert shortest * (1 - 1e-5) <= answer.bound_seconds <= shortest * (1 + 1e-9)
            assert answer.proof == "CP-SAT"


def test_a_problem_without_pieces_is_not_its_own() -> None:
    answer = Answer((0,) * 6)
    assert STRATEGY.solve(replace(one_task_each(0, True), in_one_piece=frozenset()), answer, Deadline(5)) is answer
