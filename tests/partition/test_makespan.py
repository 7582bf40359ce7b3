"""Times of runs: the pictures of the module in numbers, and bounds that hold for every division."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest
from partition.random_problems import random_problem

from cnngraph.partition.makespan import least_makespan, makespan, run_of, travel_seconds
from cnngraph.partition.problem import Problem, SummedMemory, Value, in_a_ring, lawful, loads


def problem_of(seconds: list[list[float]], values: list[Value], **more: object) -> Problem:
    """Each task is a group of its own; a byte takes a second on all links."""
    devices, tasks = len(seconds), len(seconds[0])
    pays = 1.0 - np.eye(devices)
    plain = Problem(
        title="plain",
        devices=tuple(f"device{d}" for d in range(devices)),
        tasks=tuple("abcdefgh"[:tasks]),
        groups=tuple("abcdefgh"[:tasks]),
        group_of=np.arange(tasks),
        task_seconds=np.array(seconds),
        values=tuple(values),
        before=frozenset((value.source, reader) for value in values for reader in value.readers),
        pay_seconds=np.zeros((devices, devices)),
        pay_seconds_per_byte=pays,
        memory=SummedMemory(np.ones(tasks)),
        limits_bytes=np.full(devices, np.inf),
        pins=np.full(tasks, -1),
        objective="latency",
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def test_a_link_carries_one_value_at_a_time() -> None:
    """The first picture: a and b on one device, c and d on the other.

    a ends at 4 and arrives at 6, so c runs until 8; b ends at 5 and waits for the link until 6, so d begins at 9.
    """
    problem = problem_of([[4, 1, 2, 3]] * 2, [Value(0, (2,), 2.0), Value(1, (3,), 3.0)])
    run = run_of(problem)
    assert run.seconds((0, 0, 1, 1)) == 12
    assert run.critical_groups() == [3, 1, 0] or run.critical_groups() == [3, 1]
    assert run.seconds((0, 0, 0, 0)) == 10
    assert run.seconds((0, 1, 0, 1)) == 6  # two devices, and nothing to send


def test_a_piece_waits_for_all_it_reads_and_gives_all_at_once() -> None:
    """The second picture: a on its own; b and c are a piece that takes a in, computes 2 + 3 and gives c out; then d."""
    values = [Value(0, (1, 3), 5.0), Value(1, (2,), 1.0), Value(2, (3,), 7.0)]
    pays = np.array([[0.0, 1.0], [0.0, 0.0]])  # the other device pays nothing
    whole = problem_of([[1, 2, 3, 1], [10, 20, 30, 4]], values, in_one_piece=frozenset({0}), pay_seconds_per_byte=pays)
    assert makespan(whole, (1, 0, 0, 1)) == 10 + (5 + 2 + 3 + 7) + 4
    assert run_of(whole).seconds((1, 1, 1, 1)) == 10 + 20 + 30 + 4
    assert makespan(whole, (0, 0, 0, 0)) == 7
    assert math.isinf(makespan(whole, (0, 1, 1, 0)))  # d's piece holds a, which b waits for
    assert in_a_ring(whole, (0, 1, 1, 0)) == (0,)
    assert not in_a_ring(whole, (1, 0, 1, 1))  # the devices would be a ring, but the second is no piece


def test_tasks_without_order_run_beside_each_other_where_there_are_no_pieces() -> None:
    free = problem_of([[1, 1, 1], [5, 6, 7]], [], in_one_piece=frozenset({0}))
    assert makespan(free, (1, 1, 1)) == 7


@pytest.mark.parametrize("in_pieces", [False, True])
def test_the_bound_holds_for_every_division(in_pieces: bool) -> None:
    for seed in range(25):
        problem = replace(random_problem(seed, 5, 3), objective="latency", contiguous=False)
        problem = replace(problem, in_one_piece=frozenset({0, 1} if in_pieces else ()))
        divisions = [d for d in product(range(3), repeat=5) if lawful(problem, d)]
        least = min(makespan(problem, d) for d in divisions)
        assert least_makespan(problem) <= least + 1e-9


def test_a_run_is_no_shorter_than_what_one_device_computes_and_on_one_device_just_that() -> None:
    for seed in range(25):
        random = Random(seed)
        problem = replace(random_problem(seed, 8, 3), pins=np.full(8, -1))
        division = [random.randrange(3) for _ in range(8)]
        chosen = np.array(division)
        computes = max(float(row[chosen == d].sum()) for d, row in enumerate(problem.seconds))
        assert makespan(problem, division) >= computes - 1e-9
        assert makespan(problem, [1] * 8) == pytest.approx(float(problem.seconds[1].sum()))


def test_in_one_line_of_pieces_the_loads_add_up() -> None:
    problem = problem_of([[1, 2, 3]] * 3, [Value(0, (1,), 2.0), Value(1, (2,), 1.0)], in_one_piece=frozenset(range(3)))
    assert makespan(problem, (0, 1, 2)) == loads(problem, (0, 1, 2)).sum()


def test_a_value_takes_the_slower_way_of_paying() -> None:
    problem = problem_of([[1], [1]], [], pay_seconds=np.array([[0.0, 1.0], [3.0, 0.0]]))
    assert travel_seconds(problem, 2.0).tolist() == [[0, 5], [5, 0]]
