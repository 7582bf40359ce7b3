"""Stages that stand side by side: networks of branches, against every order of stages of small graphs."""

from __future__ import annotations

import numpy as np
import pytest
from partition.random_graphs import CHEAP, random_graph, random_training, slow_cluster

from cnngraph.ir.graph import Graph
from cnngraph.net import load, loads
from cnngraph.partition.device import Cluster, Device
from cnngraph.partition.partition import assign
from cnngraph.partition.pose import pose
from cnngraph.partition.problem import Answer, Problem, depth, lawful
from cnngraph.partition.problem import loads as loads_of
from cnngraph.partition.strategies.branches import STRATEGY, Levels, recut
from cnngraph.partition.strategies.chain import STRATEGY as CHAIN
from cnngraph.partition.strategy import Deadline
from cnngraph.partition.units import Shrinking, few_downsets, regrouped
from cnngraph.resources import resource


def towers(count: int, layers: int) -> Graph:
    """So many towers with weights of their own, joined at the end."""
    inputs = ", ".join(f"x{i}: 2@6x6" for i in range(count))
    rows = "\n".join(f"let y{i} = x{i} -> conv(4, 3x3, same) * {layers} -> globalavgpool" for i in range(count))
    ends = ", ".join(f"y{i}" for i in range(count))
    return loads(f"net towers({inputs}) {{\n{rows}\nconcat({ends}) -> dense(3)\n}}").graph.bind(batch=4)


def chained(problem: Problem) -> Answer:
    found = CHAIN.solve(problem, None, Deadline(10))
    assert found is not None
    return found


def busiest(problem: Problem, answer: Answer) -> float:
    return float(loads_of(problem, answer.device_of).max())


def branched(problem: Problem) -> Answer:
    best = chained(problem)
    found = STRATEGY.solve(problem, best, Deadline(10))
    assert found is not None
    assert lawful(problem, found.device_of)
    assert busiest(problem, found) <= busiest(problem, best) * (1 + 1e-9)
    return found


@pytest.mark.parametrize("count", [2, 3, 4])
def test_towers_stand_side_by_side(count: int) -> None:
    """
    tower 0    gpu0 |
    tower 1    gpu1 |- the last with what joins them: two levels, however many towers
    tower 2    gpu2 |
    """
    problem = pose(towers(count, 3), slow_cluster(count))
    assert depth(problem, branched(problem).device_of) == 2


def test_levels_are_fewer_than_stages() -> None:
    """Two towers on six devices: a chain of six stages would be six levels."""
    problem = pose(towers(2, 6), slow_cluster(6))
    found = branched(problem)
    assert len(set(found.device_of)) == 6
    assert depth(problem, found.device_of) <= 4


@pytest.mark.parametrize(("name", "gain"), [("googlenet", 0.04), ("bn_inception", 0.02)])
def test_modules_are_cut_where_a_chain_cannot_cut(name: str, gain: float) -> None:
    graph = load(resource("specs", "nets", f"{name}.cnn")).bound(batch=32, gradient=True)
    problem = pose(graph, Cluster.uniform(2))
    assert busiest(problem, branched(problem)) < (1 - gain) * busiest(problem, chained(problem))


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_are_never_worse_than_a_chain(seed: int) -> None:
    graph = (random_training if seed % 2 else random_graph)(seed, layers=10).bind(batch=4)
    problem = pose(graph, slow_cluster(3))
    found = branched(problem)
    names = [problem.devices[d] for d in found.device_of]
    device_of = {task: names[g] for task, g in zip(problem.tasks, problem.group_of, strict=True)}
    partition = assign(graph, slow_cluster(3), device_of)  # verified
    assert partition.bottleneck_seconds == pytest.approx(busiest(problem, found))


def test_memory_and_placements_hold() -> None:
    graph = towers(3, 4)
    whole = pose(graph, slow_cluster(3)).peak_bytes(np.ones(len(pose(graph, slow_cluster(3)).groups), bool))
    device = Device("gpu", int(whole * 0.6), 1e9, 1e9)
    branched(pose(graph, Cluster.uniform(3, device, CHEAP)))


def test_units_are_joined_until_downsets_are_few() -> None:
    problem = pose(towers(4, 8), slow_cluster(4))
    assert few_downsets(problem, 1000) == []
    work = Shrinking(problem)
    assert work.until(200)
    assert 0 < len(work.sets) <= 200
    smaller = regrouped(problem, work.into)
    assert smaller.seconds.sum() == pytest.approx(problem.seconds.sum())
    assert few_downsets(smaller, 200) == work.sets
    everything = np.ones(len(smaller.groups), bool)
    assert smaller.peak_bytes(everything) == problem.peak_bytes(np.ones(len(problem.groups), bool))


@pytest.mark.parametrize("seed", range(6))
def test_units_never_wait_for_each_other(seed: int) -> None:
    problem = pose(random_graph(seed, layers=14).bind(batch=2), slow_cluster(2))
    work = Shrinking(problem)
    for most in (100, 30, 10, 4):
        if work.until(most):
            assert all(a < b for a, b in regrouped(problem, work.into).before)


def test_downsets_of_a_diamond() -> None:
    graph = loads("net d(x: 2@4x4) { concat { | relu | tanh } -> sigmoid }").graph.bind(batch=1)
    problem = pose(graph, slow_cluster(2))
    assert len(few_downsets(problem, 100)) == len({*few_downsets(problem, 100)})
    assert few_downsets(problem, 100)[-1] == 2 ** len(problem.groups) - 1


def test_the_fewest_levels_by_trying() -> None:
    problem = pose(towers(2, 2), slow_cluster(4))
    busy = busiest(problem, branched(problem))
    levels = Levels(problem, few_downsets(problem, 10**4), busy * (1 + 1e-9), most=4)
    found = levels.fewest()
    assert found is not None
    assert busiest(problem, Answer(tuple(found))) <= busy * (1 + 1e-9)
    assert depth(problem, found) == depth(problem, branched(problem).device_of)
    assert Levels(problem, few_downsets(problem, 10**4), busy * 0.5, most=4).fewest() is None


def test_a_ring_cannot_be_cut_again() -> None:
    problem = pose(towers(2, 2), slow_cluster(2))
    between = next(b for _, b in sorted(problem.before) if any(b == first for first, _ in problem.before))
    assert recut(problem, tuple(int(g == between) for g in range(len(problem.groups)))) is None
