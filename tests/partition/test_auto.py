"""The race of strategies: the same answer every time, the best so far in time, extras only where they are installed."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from partition.random_graphs import random_graph, random_training, slow_cluster
from partition.random_problems import random_problem

from cnngraph.net import load
from cnngraph.partition import auto
from cnngraph.partition.auto import better, fitting, race
from cnngraph.partition.device import Cluster
from cnngraph.partition.objective import objective_value
from cnngraph.partition.pose import pose
from cnngraph.partition.problem import Answer, loads
from cnngraph.partition.split import split
from cnngraph.partition.strategy import Strategy, known_strategies
from cnngraph.resources import resource


@pytest.mark.parametrize("name", ["googlenet", "resnet50", "alexnet_two_gpus", "squeezenet"])
def test_every_process_finds_the_same(name: str) -> None:
    graph = load(resource("specs", "nets", f"{name}.cnn")).bound(batch=4)
    one, other = (split(graph, Cluster.uniform(2)) for _ in range(2))
    assert one.device_of == other.device_of
    assert "ended" not in one.proof


def test_without_a_limit_only_quick_strategies_are_asked() -> None:
    problem = random_problem(1)
    assert all(strategy.quick for strategy in fitting(problem, quick_only=True))
    names = [strategy.name for strategy in fitting(problem)]
    assert names[0] == "chain"
    assert set(names) >= {"chain", "around_pins", "branches", "local_search", "ideals"}
    assert "least_memory" not in names


@pytest.mark.parametrize("objective", ["throughput", "latency", "memory"])
def test_every_objective_has_an_answer_without_a_limit(objective: str) -> None:
    problem = replace(pose(random_graph(2).bind(batch=2), slow_cluster(2)), objective=objective)
    answer = race(problem)
    assert answer is not None
    assert objective_value(problem, answer.device_of) >= answer.bound_seconds * (1 - 1e-9)


def test_more_time_is_never_worse() -> None:
    problem = pose(random_training(4, layers=16).bind(batch=4), slow_cluster(3))
    quick, searched = race(problem), race(problem, 1.0)
    assert quick is not None
    assert searched is not None
    assert loads(problem, searched.device_of).max() <= loads(problem, quick.device_of).max() * (1 + 1e-9)
    assert searched.bound_seconds >= quick.bound_seconds


def test_a_limit_is_kept() -> None:
    problem = pose(random_training(5, layers=60).bind(batch=4), slow_cluster(4))
    race(problem, 0.01)  # imports
    start = time.perf_counter()
    answer = race(problem, 0.5)
    assert time.perf_counter() - start < 3  # a strategy ends soon after its share
    assert answer is not None


def test_a_bound_that_is_reached_ends_the_race(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = replace(pose(random_graph(0, layers=2).bind(batch=2), slow_cluster(1)))
    asked = []

    def never(*_: object) -> Answer | None:
        asked.append(1)
        return None

    late = Strategy("zz", never, quick=True)
    monkeypatch.setattr(auto, "known_strategies", lambda: {**known_strategies(), "zz": late})
    answer = race(problem)
    assert answer is not None
    assert not asked
    race(pose(random_training(3).bind(batch=4), slow_cluster(3)))
    assert asked


def test_what_is_not_installed_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Strategy("absent", lambda *_: pytest.fail("asked"), quick=True, needs="no_such_package_anywhere")
    monkeypatch.setattr(auto, "known_strategies", lambda: {**known_strategies(), "absent": absent})
    assert race(pose(random_training(3).bind(batch=4), slow_cluster(3))) is not None


def test_the_shallower_of_two_equals_is_better() -> None:
    problem = replace(
        random_problem(0, groups=4, devices=4),
        before=frozenset({(0, 1), (0, 2), (1, 3), (2, 3)}), values=(), pins=np.full(4, -1),
        task_seconds=np.ones((4, 8)), group_of=np.array([0, 1, 2, 3, 3, 2, 1, 0]), tasks=tuple("abcdefgh"),
        limits_bytes=np.full(4, np.inf),
    )  # fmt: skip
    deep, shallow = Answer((0, 1, 2, 2)), Answer((0, 1, 1, 1))
    assert not better(problem, deep, deep)
    assert better(problem, replace(deep, device_of=(0, 0, 1, 2)), shallow)
    diamond, line = Answer((0, 1, 2, 3)), Answer((0, 1, 2, 3))
    longer = replace(problem, before=frozenset({(0, 1), (1, 2), (2, 3)}))
    assert not better(problem, diamond, line)
    assert better(longer, Answer((0, 0, 1, 1)), Answer((0, 0, 0, 1)))


def test_devices_without_work_are_explained() -> None:
    graph = random_graph(0).bind(batch=1)
    note = split(graph, Cluster.uniform(3)).remarks[0]
    assert note.startswith("all on gpu0: sending costs more than it saves")
    assert note in str(split(graph, Cluster.uniform(3)))
    many = split(random_graph(0, layers=1).bind(batch=2), slow_cluster(9))
    assert "have no work: to use more would not make the busiest device less busy" in many.remarks[0]
    assert split(random_training(3).bind(batch=4), slow_cluster(2)).remarks == ()


def test_the_depth_of_a_chain_is_its_length() -> None:
    partition = split(random_training(3, layers=12).bind(batch=4), slow_cluster(3), "chain")
    assert 1 < partition.depth <= len(partition.stages)
