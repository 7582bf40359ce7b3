"""Local search against all divisions of small problems; what holds on any; kept sums against sums from scratch."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from partition.random_problems import best_by_trying, random_problem

from cnngraph.partition import annealing
from cnngraph.partition.annealing import anneal
from cnngraph.partition.limits import Limits
from cnngraph.partition.pin_counts import PinCounts, links_alike
from cnngraph.partition.problem import Answer, Problem, in_a_ring, lawful, loads
from cnngraph.partition.strategies.chain import STRATEGY as CHAIN
from cnngraph.partition.strategies.local_search import STRATEGY as LOCAL_SEARCH
from cnngraph.partition.strategy import Deadline


def value(problem: Problem, answer: Answer) -> float:
    return float(loads(problem, answer.device_of).max())


@pytest.mark.parametrize("contiguous", [True, False])
def test_small_problems_are_solved(contiguous: bool) -> None:
    """Each of these; of 120 such problems all but two (a device too full to move anything)."""
    for seed in range(8):
        problem = replace(random_problem(seed, 6, 3, alike=seed % 2 == 0), contiguous=contiguous)
        chain = CHAIN.solve(problem, None, Deadline())
        answer = LOCAL_SEARCH.solve(problem, chain, Deadline())
        optimum = best_by_trying(problem)
        assert answer is not None
        assert optimum is not None
        assert lawful(problem, answer.device_of), seed
        assert value(problem, answer) == pytest.approx(optimum), seed
        assert chain is None or value(problem, answer) <= value(problem, chain) + 1e-9


def test_a_larger_problem_gains_and_the_same_seed_gives_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annealing, "STEPS_OF_A_GROUP", 15)
    problem = replace(random_problem(3, 40, 4), contiguous=False)
    chain = CHAIN.solve(problem, None, Deadline())
    one, other = (LOCAL_SEARCH.solve(problem, chain, Deadline(60)) for _ in range(2))
    assert chain
    assert one
    assert one == other
    assert value(problem, one) < value(problem, chain)
    assert lawful(problem, one.device_of)


def test_no_limit_is_ever_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short, hot search on many problems of all sizes."""
    monkeypatch.setattr(annealing, "STEPS_OF_A_GROUP", 12)
    monkeypatch.setattr(annealing, "PATIENCE", 1)
    asked = 0
    for seed in range(400):
        random = Random(seed)
        groups, devices = random.randint(1, 14), random.randint(1, 5)
        problem = replace(random_problem(seed, groups, devices), contiguous=random.random() < 0.5)
        start = tuple(random.randrange(devices) for _ in range(groups))
        if lawful(problem, start):
            asked += 1
            found = anneal(problem, start, PinCounts, 0.0, Deadline(), seed)
            assert len(found) == groups
            assert lawful(problem, found), seed
            assert loads(problem, found).max() <= loads(problem, start).max() + 1e-9
    assert asked > 50


@pytest.mark.parametrize("alike", [True, False])
def test_kept_loads_are_those_from_scratch(alike: bool) -> None:
    for seed in range(60):
        random = Random(seed)
        problem = random_problem(seed, 9, 4, alike=alike)
        assert links_alike(problem) or not alike
        counts = PinCounts(problem, [random.randrange(4) for _ in range(9)])
        for _ in range(30):
            group = random.randrange(9)
            device = random.choice([d for d in range(4) if d != counts.device_of[group]])
            if not np.isfinite(problem.seconds[[counts.device_of[group], device], group]).all():
                continue
            counts.move(group, device, counts.after(group, device))
            assert counts.amounts == pytest.approx(loads(problem, counts.device_of).tolist())


def test_limits_allow_what_is_lawful() -> None:
    seen = set()
    for seed in range(100):
        random = Random(seed)
        problem = replace(random_problem(seed, 8, 3), pins=np.full(8, -1), contiguous=True)
        problem = replace(problem, task_seconds=np.ones_like(problem.task_seconds))
        device_of = [0] * 8
        if not lawful(problem, device_of):
            device_of = [0, 0, 0, 1, 1, 1, 2, 2]
        if not lawful(problem, device_of):
            continue
        limits = Limits(problem, device_of)
        for _ in range(30):
            moves = [(random.randrange(8), random.randrange(3)) for _ in range(random.randint(1, 3))]
            after = list(device_of)
            for group, device in moves:
                after[group] = device
            seen.add((allowed := limits.allow(moves), bool(in_a_ring(problem, after))))
            assert allowed == lawful(problem, after)
            device_of = after if allowed else device_of
            assert limits.device_of.tolist() == device_of
    assert {(True, False), (False, True)} <= seen


def test_without_a_chain_it_begins_where_memory_suffices() -> None:
    """Placements against the order of the chain leave it no way, but stages need not be contiguous here."""
    problem = replace(random_problem(1, 6, 3, alike=True), contiguous=False)
    sizes = np.arange(1.0, 7.0)
    problem = replace(
        problem,
        pins=np.array([2, 0, 2, -1, -1, -1]),
        memory=type(problem.memory)(sizes),
        limits_bytes=np.full(3, 8.0),
        task_seconds=np.ones_like(problem.task_seconds),
    )
    assert CHAIN.solve(problem, None, Deadline()) is None
    answer = LOCAL_SEARCH.solve(problem, None, Deadline())
    assert answer is not None
    assert lawful(problem, answer.device_of)
    assert value(problem, answer) == pytest.approx(best_by_trying(problem))
