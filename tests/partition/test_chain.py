"""The chain against every contiguous division of small graphs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations_with_replacement, islice, permutations, product

import numpy as np
import pytest
from partition.random_graphs import CHEAP, SLOW, random_graph, random_training, slow_cluster

from cnngraph.cost.liveness import Liveness
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.partition.device import Cluster, Device
from cnngraph.partition.pose import pose
from cnngraph.partition.problem import lawful, loads
from cnngraph.partition.segments import cut_tables
from cnngraph.partition.split import split
from cnngraph.partition.strategies.chain import chain

UNEQUAL = Cluster(
    (Device("small", 10**9, 0.5e9, 1e9), Device("large", 10**9, 3e9, 2e9), Device("middle", 10**9, 1e9, 1e9)),
    default_link=CHEAP,
)


def divisions(groups: int, devices: int) -> Iterator[list[int]]:
    """Every way to give each device an interval of the groups."""
    for ends in combinations_with_replacement(range(groups + 1), devices - 1):
        edges = [0, *ends, groups]
        yield [d for d in range(devices) for _ in range(edges[d], edges[d + 1])]


def orders(cluster: Cluster) -> Iterator[tuple[int, ...]]:
    """Orders of the devices; one is enough where all are alike."""
    devices = range(len(cluster.devices))
    return islice(permutations(devices), None if cluster is UNEQUAL else 1)


def best_by_trying(graph: Graph, cluster: Cluster) -> float | None:
    problem = pose(graph, cluster)
    found = []
    for order, division in product(orders(cluster), divisions(len(problem.groups), len(cluster.devices))):
        device_of = [order[d] for d in division]
        if lawful(problem, device_of):
            found.append(float(loads(problem, device_of).max()))
    return min(found, default=None)


@pytest.mark.parametrize("seed", range(4))
def test_loads_of_numbers_are_those_of_the_table(seed: int) -> None:
    partition = split(random_training(seed).bind(batch=4), UNEQUAL)
    problem = pose(partition.graph, UNEQUAL)
    device_of = {name: UNEQUAL.names.index(device) for name, device in partition.device_of.items()}
    found = loads(problem, [device_of[name] for name in problem.groups])
    for stage in partition.stages:
        assert found[UNEQUAL.names.index(stage.device.name)] == pytest.approx(stage.load_seconds, rel=1e-12)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("cluster", [slow_cluster(2), slow_cluster(3), UNEQUAL], ids=["two", "three", "unequal"])
def test_no_contiguous_division_is_better(seed: int, cluster: Cluster) -> None:
    graph = (random_training if seed % 2 else random_graph)(seed).bind(batch=4)
    partition = split(graph, cluster, "chain")
    assert partition.bottleneck_seconds == pytest.approx(best_by_trying(graph, cluster), rel=1e-12)
    assert partition.lower_bound_seconds <= partition.bottleneck_seconds


@pytest.mark.parametrize("seed", range(6))
def test_memory_is_a_hard_limit(seed: int) -> None:
    graph = random_training(seed).bind(batch=4)
    whole = Liveness(graph).peak_bytes(np.ones(len(graph.nodes), bool))
    outcomes = set()
    for part in (0.35, 0.5, 0.6, 0.7, 0.8):
        device = Device("gpu", int(part * whole), SLOW.flops_per_second, SLOW.bytes_per_second)
        cluster = Cluster.uniform(2, device, CHEAP)
        best = best_by_trying(graph, cluster)
        outcomes.add(best is None)
        if best is None:
            with pytest.raises(CnnGraphError, match="E0602"):
                split(graph, cluster, "chain")
        else:
            partition = split(graph, cluster, "chain")
            assert partition.bottleneck_seconds == pytest.approx(best, rel=1e-12)
            assert all(stage.peak_bytes <= device.memory_bytes for stage in partition.stages)
    assert outcomes == {True, False}


@pytest.mark.parametrize("seed", range(4))
def test_cut_tables_by_the_definition(seed: int) -> None:
    problem = pose(random_training(seed).bind(batch=2), slow_cluster(2))
    cuts = cut_tables(problem)
    count = len(problem.groups)
    for start in range(count + 1):
        for end in range(start + 1, count + 1):
            cut = [net for net in problem.nets if is_cut(net.groups, start, end)]
            assert cuts.messages[start, end] == len(cut)
            assert cuts.sizes[start, end] == sum(net.bytes for net in cut)


def is_cut(groups: tuple[int, ...], start: int, end: int) -> bool:
    return len({start <= g < end for g in groups}) == 2


def test_one_device_takes_all_and_ties_go_to_the_first() -> None:
    graph = random_graph(0).bind(batch=1)
    assert [stage.device.name for stage in split(graph, slow_cluster(1)).stages] == ["gpu0"]
    slow_links = Cluster.uniform(3)  # sending costs more than computing
    assert [stage.device.name for stage in split(graph, slow_links).stages] == ["gpu0"]


def test_more_devices_than_groups() -> None:
    graph = random_graph(0, layers=1).bind(batch=2)
    partition = split(graph, slow_cluster(9))
    assert len(partition.stages) <= 3


def test_no_chain_within_placements() -> None:
    graph = random_graph(0).bind(batch=2)
    problem = pose(graph, slow_cluster(2))
    pins = np.array([1, *[-1] * (len(problem.groups) - 2), 0])
    assert chain(replace(problem, pins=pins)) is None
