"""Packing of the largest groups, and the quick bound, against every division of small problems."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random
from time import perf_counter

import numpy as np
import pytest
from partition.random_problems import best_by_trying, random_problem

from cnngraph.partition.bound import lower_bound_seconds, packing
from cnngraph.partition.problem import SummedMemory, lawful, loads
from cnngraph.partition.strategies.packing import STRATEGY, _layers, fewest
from cnngraph.partition.strategy import Deadline


@pytest.mark.parametrize("seed", range(20))
def test_bounds_are_below_every_division(seed: int) -> None:
    problem = replace(random_problem(seed), contiguous=seed % 2 == 0)
    expected = best_by_trying(problem)
    answer = STRATEGY.solve(problem, None, Deadline())
    if expected is None or answer is None:
        assert answer is None
        return
    assert lawful(problem, answer.device_of)
    assert lower_bound_seconds(problem) <= answer.bound_seconds <= expected * (1 + 1e-9)
    assert loads(problem, answer.device_of).max() >= expected * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_boxes_are_packed_as_well_as_can_be(seed: int) -> None:
    random = Random(seed)
    sizes = np.array([random.uniform(1, 4) for _ in range(6)])
    capacity = random.uniform(4, 9)
    ways = (len(set(way)) for way in product(range(6), repeat=6) if np.bincount(way, sizes).max() <= capacity)
    assert fewest(sizes, capacity, _layers(6)) == min(ways)


def test_work_without_communication_is_bounded_exactly() -> None:
    problem = replace(random_problem(3, groups=7, devices=3), values=(), contiguous=False, pins=np.full(7, -1))
    work = np.array([7.0, 6.0, 5.0, 5.0, 4.0, 4.0, 3.0])  # 34: 12 on one device, 11 on the others
    problem = replace(
        problem,
        group_of=np.arange(7),
        tasks=problem.tasks[:7],
        task_seconds=np.tile(work, (3, 1)),
        memory=SummedMemory(np.zeros(7)),
        pay_seconds=np.zeros((3, 3)),
        pay_seconds_per_byte=np.zeros((3, 3)),
    )
    answer = STRATEGY.solve(problem, None, Deadline())
    assert answer is not None
    assert answer.bound_seconds == pytest.approx(12.0, rel=1e-5)
    assert lower_bound_seconds(problem) == pytest.approx(34 / 3)


def test_five_groups_on_two_devices() -> None:
    assert packing(np.full((2, 5), 3.0)) == 9.0


def test_the_quick_bound_is_quick() -> None:
    seconds = np.random.default_rng(0).random((16, 10_000))
    begun = perf_counter()
    packing(seconds)
    assert perf_counter() - begun < 1.0  # about 0.01 s
