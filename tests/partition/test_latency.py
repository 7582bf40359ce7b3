"""Strategies for the latency against all divisions of small problems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest
from partition.random_problems import random_problem

from cnngraph.partition.makespan import makespan
from cnngraph.partition.problem import Problem, SummedMemory, Value, lawful
from cnngraph.partition.strategies import shorter_run
from cnngraph.partition.strategies.list_scheduling import STRATEGY as LIST_SCHEDULING
from cnngraph.partition.strategies.list_scheduling import ranks
from cnngraph.partition.strategies.pieces import STRATEGY as PIECES
from cnngraph.partition.strategies.pieces import chain_order, pieces, set_apart
from cnngraph.partition.strategies.shorter_run import STRATEGY as SHORTER_RUN
from cnngraph.partition.strategy import Deadline


def tasks_one_by_one(seed: int, contiguous: bool) -> Problem:
    return replace(random_problem(seed, 6, 3), objective="latency", contiguous=contiguous)


def in_pieces(seed: int, contiguous: bool) -> Problem:
    """Two devices that run in one piece, and a slow third one that has all the memory and pays nothing."""
    problem = tasks_one_by_one(seed, contiguous)
    seconds = problem.task_seconds.copy()
    seconds[2] = 3 * np.where(np.isfinite(seconds), seconds, 0.0).max(axis=0)
    per_byte = problem.pay_seconds_per_byte.copy()
    per_byte[2] = 0.0
    limits = np.append(problem.limits_bytes[:2], np.inf)
    return replace(
        problem,
        task_seconds=seconds,
        pay_seconds_per_byte=per_byte,
        limits_bytes=limits,
        in_one_piece=frozenset({0, 1}),
    )


def shortest_by_trying(problem: Problem) -> float:
    divisions = product(range(len(problem.devices)), repeat=len(problem.groups))
    return min(makespan(problem, d) for d in divisions if lawful(problem, d))


@pytest.mark.parametrize("posed", [tasks_one_by_one, in_pieces])
@pytest.mark.parametrize("contiguous", [True, False])
def test_small_problems_are_solved(posed: Callable[[int, bool], Problem], contiguous: bool) -> None:
    for seed in range(10):
        problem = posed(seed, contiguous)
        answer = SHORTER_RUN.solve(problem, None, Deadline(20))
        assert answer is not None, seed
        assert lawful(problem, answer.device_of)
        assert makespan(problem, answer.device_of) == pytest.approx(shortest_by_trying(problem)), seed


def test_every_answer_is_lawful_and_none_is_worse_than_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shorter_run, "STEPS_OF_A_GROUP", 3)
    monkeypatch.setattr(shorter_run, "ROUNDS", 1)
    found = 0
    for seed in range(200):
        random = Random(seed)
        problem = random_problem(seed, random.randint(1, 12), random.randint(1, 4))
        problem = replace(problem, objective="latency", contiguous=random.random() < 0.5)
        if random.random() < 0.3:
            problem = replace(problem, in_one_piece=frozenset(range(len(problem.devices))))
        best = None
        for strategy in (LIST_SCHEDULING, PIECES, SHORTER_RUN):
            answer = strategy.solve(problem, best, Deadline())
            if best is not None:
                assert answer is not None
                assert makespan(problem, answer.device_of) <= makespan(problem, best.device_of) + 1e-9
            if answer is not None:
                found += 1
                assert lawful(problem, answer.device_of), (seed, strategy.name)
            best = answer
    assert found > 400


def test_setting_groups_apart_gains_what_no_cut_of_the_chain_can() -> None:
    """Weights that nearly fill a piece, and take no time, leave it for a device that runs tasks beside it."""
    values = (Value(0, (2,), 5.0), Value(1, (2,), 1.0), Value(2, (3,), 5.0))
    problem = replace(
        in_pieces(0, contiguous=True),
        tasks=tuple("abcd"),
        groups=tuple("abcd"),
        group_of=np.arange(4),
        task_seconds=np.array([[9.0, 0, 9, 9], [9.0, 0, 9, 9], [99.0, 1, 99, 99]]),
        values=values,
        before=frozenset({(0, 2), (1, 2), (2, 3)}),
        pay_seconds=np.zeros((3, 3)),
        pay_seconds_per_byte=np.array([[0.0, 1, 1], [1, 0, 1], [0, 0, 0]]),
        memory=SummedMemory(np.array([1.0, 3, 1, 1])),
        limits_bytes=np.array([3.0, 3.0, np.inf]),
        pins=np.full(4, -1),
    )
    plain, apart = pieces(problem), set_apart(problem, Deadline())
    assert plain is not None
    assert apart == (0, 2, 0, 0)
    assert makespan(problem, apart) == 1 + 1 + 27 == shortest_by_trying(problem)
    assert makespan(problem, plain) > makespan(problem, apart)


def test_what_nobody_reads_stands_behind_what_it_reads() -> None:
    """Between the borders of pieces it would otherwise be far from home: its value would cross."""
    problem = replace(random_problem(0, 5, 2), before=frozenset({(0, 1), (1, 2), (2, 3), (0, 4)}))
    assert chain_order(problem) == [0, 4, 1, 2, 3]


def test_ranks_fall_along_values() -> None:
    problem = random_problem(2, 8, 3)
    rank = ranks(problem)
    assert all(rank[value.source] >= rank[reader] for value in problem.values for reader in value.readers)


def test_two_towers_run_beside_each_other() -> None:
    """No value goes from one to the other, so two devices take half the time of one."""
    problem = replace(random_problem(0, 6, 2, alike=True), objective="latency", contiguous=False, values=())
    problem = replace(problem, before=frozenset(), pins=np.full(6, -1), limits_bytes=np.full(2, np.inf))
    problem = replace(problem, group_of=np.arange(6), tasks=tuple("abcdef"), task_seconds=np.ones((2, 6)))
    answer = LIST_SCHEDULING.solve(problem, None, Deadline())
    assert answer is not None
    assert makespan(problem, answer.device_of) == 3
