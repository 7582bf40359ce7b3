"""Teams of devices: every way of small chains by trying, their loads, and their memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement

import numpy as np
import pytest
from partition.random_graphs import CHEAP, random_graph, random_training, slow_cluster

from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.partition.partition import Partition, single
from cnngraph.partition.pose import pose
from cnngraph.partition.problem import exchange_seconds, lawful, loads
from cnngraph.partition.split import split
from cnngraph.partition.strategies.replication import replicated

PAIRS = Cluster(  # two fast devices, then two slow ones
    tuple(Device(f"gpu{i}", 10**9, rate, 1e9) for i, rate in enumerate((2e9, 2e9, 1e9, 1e9))),
    default_link=CHEAP,
)
WIDE = Link("any", "any", bytes_per_second=20e9, latency_seconds=1e-7)


def team_sizes(devices: int) -> Iterator[tuple[int, ...]]:
    """Every way to form teams of neighbours."""
    if devices == 0:
        yield ()
    for first in range(1, devices + 1):
        yield from ((first, *rest) for rest in team_sizes(devices - first))


def best_by_trying(seed: int, cluster: Cluster) -> float:
    problem = pose(random_training(seed, layers=4).bind(batch=4), cluster, replicate=True)
    count = len(problem.groups)
    found = []
    for sizes in team_sizes(len(cluster.devices)):
        firsts = np.cumsum([0, *sizes[:-1]])
        for ends in combinations_with_replacement(range(count + 1), len(sizes) - 1):
            lengths = np.diff([0, *ends, count])
            teams = [tuple(range(f, f + r)) for f, r, n in zip(firsts, sizes, lengths, strict=True) if r > 1 and n]
            alike = all(len({cluster.devices[d].flops_per_second for d in team}) == 1 for team in teams)
            device_of = np.repeat(firsts, lengths)
            if alike and lawful(problem, device_of):
                found.append(float(loads(problem, device_of, teams).max()))
    return min(found)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("cluster", [slow_cluster(3), PAIRS, Cluster.uniform(4, slow_cluster(1).devices[0], WIDE)])
def test_no_teams_of_neighbours_are_better(seed: int, cluster: Cluster) -> None:
    problem = pose(random_training(seed, layers=4).bind(batch=4), cluster, replicate=True)
    answer = replicated(problem, range(len(cluster.devices)))
    assert answer is not None
    found = loads(problem, answer.device_of, answer.teams).max()
    assert found == pytest.approx(best_by_trying(seed, cluster), rel=1e-12)


def teams_of(seed: int, **options: bool) -> Partition:
    cluster = Cluster.uniform(4, slow_cluster(1).devices[0], WIDE)
    return split(random_training(seed).bind(batch=4), cluster, **options)


def test_teams_only_where_asked_for() -> None:
    plain, teamed = teams_of(0), teams_of(0, replicate=True)
    assert not plain.teams
    assert teamed.teams
    assert teamed.lower_bound_seconds <= teamed.bottleneck_seconds < plain.bottleneck_seconds


@pytest.mark.parametrize("seed", range(4))
def test_the_table_tells_what_a_member_does(seed: int) -> None:
    partition = teams_of(seed, replicate=True)
    assert sum(len(stage.nodes) for stage in partition.stages) == len(partition.graph.nodes)
    alone = split(partition.graph, Cluster(partition.cluster.devices[:1]))
    total = sum(stage.compute_seconds * max(len(stage.team), 1) for stage in partition.stages)
    assert total == pytest.approx(alone.stages[0].compute_seconds)
    for stage in partition.stages:
        own = [n for n in partition.graph.states if n.name in stage.nodes and n.name in partition.graph.updates]
        weights = sum(n.type.bytes for n in own if getattr(n.op, "trainable", False))
        expected = exchange_seconds(weights, max(len(stage.team), 1), WIDE.latency_seconds, 1 / WIDE.bytes_per_second)
        assert stage.exchange_seconds == pytest.approx(expected)
        assert stage.label == (" + ".join(stage.team) or stage.device.name)


def test_a_run_without_updates_exchanges_nothing() -> None:
    cluster = Cluster.uniform(4, slow_cluster(1).devices[0], WIDE)
    partition = split(random_graph(2).bind(batch=4), cluster, replicate=True)
    assert partition.teams == (cluster.names,)  # each device runs all for a quarter of the samples
    assert partition.stages[0].exchange_seconds == 0
    assert partition.gap < 1e-9


def test_devices_that_differ_form_no_team() -> None:
    partition = split(random_graph(2).bind(batch=4), PAIRS, replicate=True)
    for team in partition.teams:
        assert len({partition.cluster[name].flops_per_second for name in team}) == 1


def test_each_member_has_the_memory_of_the_stage() -> None:
    graph = random_training(1, layers=10).bind(batch=16)
    peak = single(graph).stages[0].peak_bytes
    for part in (0.5, 0.7, 1.1):
        device = Device("gpu", int(peak * part), 1e9, 1e9)
        partition = split(graph, Cluster.uniform(4, device, WIDE), replicate=True)
        assert all(stage.peak_bytes <= device.memory_bytes for stage in partition.stages)
        assert (len(partition.stages) == 1) <= (part > 1)
