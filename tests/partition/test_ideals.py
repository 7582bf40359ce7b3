"""Dynamic programming over downsets against every division of small problems."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from partition.exact import best_and_proven, bound_holds, value
from partition.random_problems import best_by_trying, random_problem

from cnngraph.partition.downsets import Cuts, downsets
from cnngraph.partition.problem import Answer, SummedMemory, loads
from cnngraph.partition.proof import SIMPLE_PROOF
from cnngraph.partition.relaxed import contracted, relaxed
from cnngraph.partition.strategies.ideals import PROOF, STRATEGY
from cnngraph.partition.strategy import Deadline


@pytest.mark.parametrize("seed", range(40))
def test_the_answer_is_the_best_and_proven(seed: int) -> None:
    answer = best_and_proven(STRATEGY, random_problem(seed, alike=True))
    assert answer is None or answer.proof in (PROOF, SIMPLE_PROOF)


@pytest.mark.parametrize("seed", range(20))
def test_the_bound_holds_where_links_differ(seed: int) -> None:
    bound_holds(STRATEGY, random_problem(seed))


def test_more_devices_of_one_kind() -> None:
    problem = random_problem(7, groups=5, devices=5, alike=True)
    answer = STRATEGY.solve(problem, None, Deadline())
    assert answer is not None
    assert value(problem, answer) == pytest.approx(best_by_trying(problem))


def test_a_deadline_that_is_over_leaves_the_answer_as_it_was() -> None:
    problem = random_problem(1, alike=True)
    given = Answer((0,) * 6)
    assert STRATEGY.solve(problem, given, Deadline(0.0)) == given


def test_divisions_of_any_kind_are_left_to_others() -> None:
    problem = replace(random_problem(1), contiguous=False)
    given = Answer((0, 1) * 3)
    assert STRATEGY.solve(problem, given, Deadline()) == given


def test_downsets_of_a_diamond() -> None:
    problem = replace(random_problem(2, groups=4), before=frozenset({(0, 1), (0, 2), (1, 3), (2, 3)}))
    members = downsets(problem, Deadline())
    assert members is not None
    assert [set(np.flatnonzero(row)) for row in members] == [set(), {0}, {0, 1}, {0, 2}, {0, 1, 2}, {0, 1, 2, 3}]


@pytest.mark.parametrize("seed", range(10))
def test_cuts_are_the_loads_of_stages(seed: int) -> None:
    problem = relaxed(random_problem(seed, devices=2, alike=True))
    problem = replace(problem, task_seconds=np.zeros_like(problem.task_seconds))
    members = downsets(problem, Deadline())
    assert members is not None
    table = Cuts.of(problem, members)
    every = np.arange(len(members))
    latency, per_byte = problem.worst_pay
    found = table.cut(every, every, table.seconds(latency[1], per_byte[1]))
    for s, start in enumerate(members):
        for t, end in enumerate(members):
            if (start <= end).all():
                assert found[s, t] == pytest.approx(loads(problem, (end & ~start).astype(int))[1])


@pytest.mark.parametrize("seed", range(20))
def test_contraction_keeps_the_best(seed: int) -> None:
    problem = replace(relaxed(random_problem(seed, groups=7, devices=2)), limits_bytes=np.full(2, np.inf))
    smaller = contracted(problem)
    expected = best_by_trying(problem)
    assert best_by_trying(smaller.problem) == (expected if expected is None else pytest.approx(expected))


def test_idle_groups_that_need_memory_stay_where_memory_limits() -> None:
    problem = relaxed(random_problem(3, groups=4, devices=2))
    problem = replace(
        problem,
        task_seconds=np.zeros_like(problem.task_seconds),
        before=frozenset({(0, 1), (1, 2), (2, 3)}),
        values=(),
        memory=SummedMemory(np.array([4.0, 0.0, 3.0, 2.0])),
        limits_bytes=np.array([5.0, 6.0]),
        pins=np.full(4, -1),
    )
    assert contracted(problem).into.tolist() == [0, 0, 1, 2]
    assert contracted(replace(problem, limits_bytes=np.array([9.0, 9.0]))).into.tolist() == [0, 0, 0, 0]


def test_idle_groups_are_joined() -> None:
    counts = [len(contracted(relaxed(random_problem(seed))).problem.groups) for seed in range(20)]
    assert min(counts) < 6
