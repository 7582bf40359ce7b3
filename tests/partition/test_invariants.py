"""What holds for every strategy on every problem: small ones against all divisions, graphs on clusters of all kinds.

The definitions here are written a second time, from the words of the contracts, and ask nothing of what they test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random

import networkx
import numpy as np
import pytest
from partition.random_graphs import random_cluster, random_graph, random_training, randomly_placed
from partition.random_problems import best_by_trying, random_problem

from cnngraph.cost.liveness import Liveness
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input, State
from cnngraph.partition.auto import race
from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import Partition, single
from cnngraph.partition.problem import Answer, Problem, lawful, loads
from cnngraph.partition.split import split
from cnngraph.partition.strategy import Deadline, Strategy, known_strategies

SLOW_TO_START = ("constraint", "integer")  # in every tenth problem
SECONDS = 0.05  # for those that do not end by themselves soon


def strategies(seed: int) -> Iterator[Strategy]:
    """Those that make the busiest device less busy."""
    for strategy in known_strategies().values():
        rare = strategy.name in SLOW_TO_START and seed % 10
        if strategy.present and "throughput" in strategy.objectives and not rare:
            yield strategy


def solved(strategy: Strategy, problem: Problem, best: Answer | None) -> Answer | None:
    with refusals():
        return strategy.solve(problem, best, Deadline(2.0 if strategy.whole else SECONDS))
    return None


@contextmanager
def refusals() -> Iterator[None]:
    """Goes on after an error that says why nothing fits."""
    try:
        yield
    except CnnGraphError as refusal:
        if refusal.diagnostics[0].code != "E0602":
            raise


# ---- small problems against all divisions ----


def check_problem(seed: int) -> Counter[str]:
    """Asserts what must hold; counts what may be better or worse."""
    random = Random(seed)
    problem = random_problem(seed, random.randint(2, 6), random.randint(2, 3), alike=seed % 2 == 0)
    problem = replace(problem, contiguous=random.random() < 0.7)
    least = best_by_trying(problem)
    seen = Counter({"problems": 1, "impossible": least is None})
    best: Answer | None = None
    for strategy in strategies(seed):
        found = solved(strategy, problem, best)
        if found is None:
            continue
        assert least is not None, strategy.name
        assert lawful(problem, found.device_of), strategy.name
        reached = float(loads(problem, found.device_of).max())
        assert reached >= least * (1 - 1e-9), strategy.name
        assert found.bound_seconds <= least * (1 + 1e-9), strategy.name
        if best is not None:
            assert reached <= float(loads(problem, best.device_of).max()) * (1 + 1e-9), f"{strategy.name} forgot"
        best = found
    for limit in (None, 0.1):
        answer = raced(problem, limit)
        if answer is None:
            seen["refused"] += least is not None and limit is None
        else:
            assert least is not None
            assert lawful(problem, answer.device_of)
            reached = float(loads(problem, answer.device_of).max())
            assert least * (1 - 1e-9) <= reached
            assert answer.bound_seconds <= least * (1 + 1e-9)
            seen[f"best, {'quick' if limit is None else 'searched'}"] += reached <= least * (1 + 1e-9)
    assert raced(problem, None) == raced(problem, None)
    return seen


def raced(problem: Problem, limit: float | None) -> Answer | None:
    with refusals():
        return race(problem, limit)
    return None


def test_no_strategy_beats_all_divisions() -> None:
    seen = sum((check_problem(seed) for seed in range(16)), Counter())
    possible = seen["problems"] - seen["impossible"]
    assert possible > 8
    assert seen["refused"] <= 0.1 * possible
    assert seen["best, quick"] >= 0.5 * possible
    assert seen["best, searched"] >= 0.8 * possible


@pytest.mark.sweep
def test_thousands_of_problems() -> None:
    print(sum((check_problem(seed) for seed in range(2000)), Counter()))


# ---- graphs on clusters ----


def check_graph(seed: int) -> Counter[str]:
    random = Random(seed)
    layers = random.randint(2, 14)
    graph = (random_training if seed % 2 else random_graph)(seed, layers=layers).bind(batch=random.choice([1, 4]))
    whole = single(graph).stages[0].peak_bytes
    cluster = random_cluster(random, whole * random.choice([0.3, 0.6, 2]))
    graph = randomly_placed(graph, random, cluster)
    contiguous = random.choice([None, None, True, False])
    seen: Counter[str] = Counter(graphs=1)
    for name, replicate in [
        *((strategy.name, False) for strategy in strategies(seed)),
        ("auto", False),
        ("auto", True),
    ]:
        limit = None if name == "auto" else SECONDS
        partition = None
        with refusals():
            partition = split(
                graph, cluster, name, contiguous=contiguous, replicate=replicate, time_limit_seconds=limit
            )
        if partition is None:
            seen["refusals"] += 1
            continue
        check_partition(graph, cluster, partition)
        seen[f"divided by {name}"] += 1
        seen["stages"] += len(partition.stages)
        seen["teams"] += len(partition.teams)
    return seen


def check_partition(graph: Graph, cluster: Cluster, partition: Partition) -> None:
    where = partition.device_of
    assert sorted(n for stage in partition.stages for n in stage.nodes) == sorted(n.name for n in graph)
    assert all(where[n] == stage.device.name for stage in partition.stages for n in stage.nodes)
    assert all(where[n.name] == n.device for n in graph if n.device is not None)
    assert all(where[n.name] == where[n.colocated] for n in graph if n.colocated is not None)
    for state in graph.states:
        users = {where[user.name] for user in graph.users[state.name]} if state.type.shape else set()
        updated = {where[graph.updates[state.name].node]} if state.name in graph.updates else set()
        assert len({where[state.name]} | users | updated) == 1, state.name
    if partition.contiguous:
        assert networkx.is_directed_acyclic_graph(quotient(graph, partition))
    liveness = Liveness(graph)
    for stage in partition.stages:
        for name in stage.team or (stage.device.name,):
            assert liveness.peak_bytes(liveness.members(stage.nodes)) <= cluster[name].memory_bytes
            assert not {graph[n].op.name for n in stage.nodes} & cluster[name].lacks
        assert stage.load_seconds == pytest.approx(load_by_hand(graph, cluster, partition, stage.device.name))
    assert partition.lower_bound_seconds <= partition.bottleneck_seconds * (1 + 1e-9)
    members = [name for team in partition.teams for name in team]
    assert len(members) == len(set(members))
    assert partition.objective == "throughput"
    assert not partition.gap < 0


def quotient(graph: Graph, partition: Partition) -> networkx.DiGraph:
    """Devices, with an edge where a forward value of one is read forward on the other."""
    made = networkx.DiGraph()
    forward = {
        n.name
        for n in graph
        if n.colocated is None and not isinstance(n.op, Input | State) and not after_backward(graph, n.name)
    }
    for name in forward:
        for ref in graph[name].inputs:
            if ref.node in forward and partition.device_of[ref.node] != partition.device_of[name]:
                made.add_edge(partition.device_of[ref.node], partition.device_of[name])
    return made


def after_backward(graph: Graph, name: str) -> bool:
    """Whether it is computed from what belongs to another node: a gradient or an update."""
    seen, stack = set(), [name]
    while stack:
        node = graph[stack.pop()]
        if isinstance(node.op, Input | State) or node.name in seen:
            continue
        if node.colocated is not None:
            return True
        seen.add(node.name)
        stack += [ref.node for ref in node.inputs]
    return False


def load_by_hand(graph: Graph, cluster: Cluster, partition: Partition, device: str) -> float:
    where, stage = partition.device_of, partition.stage(device)
    total = sum(partition.seconds_of[n] for n in stage.nodes)
    for node in graph:
        for index in range(len(node.types)):
            ref = node.ref if index == 0 else replace(node.ref, index=index)
            targets = {where[u.name] for u in graph.users[node.name] if ref in u.inputs} - {where[node.name]}
            size = int(np.prod(node.types[index].concrete)) * np.dtype(node.types[index].dtype).itemsize
            if where[node.name] == device and targets:
                total += max(cluster.link(device, target).seconds(size) for target in targets)
            elif device in targets:
                total += cluster.link(where[node.name], device).seconds(size)
    return total / max(len(stage.team), 1) + stage.exchange_seconds


def test_partitions_of_graphs_keep_all_promises() -> None:
    seen = sum((check_graph(seed) for seed in range(4)), Counter())
    assert seen["stages"] > seen["graphs"]
    assert seen["divided by auto"] > seen["graphs"]


@pytest.mark.sweep
def test_thousands_of_graphs() -> None:
    print(sum((check_graph(seed) for seed in range(1000)), Counter()))
