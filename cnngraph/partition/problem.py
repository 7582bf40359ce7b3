"""The question that every strategy answers: which device runs which group. Strategies see numbers, not operators."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cnngraph.cost.liveness import Liveness
from cnngraph.cost.model import batch_cost, seconds, total_value_bytes, value_bytes
from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph, Ref
from cnngraph.partition.device import Cluster
from cnngraph.partition.groups import Group, ordered_groups

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Net:
    """A value as a hyperedge: the groups that make or read it, the producer's first, and its size."""

    groups: tuple[int, ...]
    bytes: int


@dataclass(frozen=True)
class Problem:
    """Groups in order, seconds of each on each device, and the values between them.

    seconds: (devices, groups). pins: the index of a device for each group, -1 where it is free.
    """

    graph: Graph
    cluster: Cluster
    groups: tuple[Group, ...]
    seconds: Floats
    nets: tuple[Net, ...]
    pins: npt.NDArray[np.int64]

    @cached_property
    def liveness(self) -> Liveness:
        return Liveness(self.graph)

    @cached_property
    def group_of_node(self) -> npt.NDArray[np.int64]:
        """Group of each node, in the order of `liveness`."""
        found = np.zeros(len(self.liveness.index), np.int64)
        for g, group in enumerate(self.groups):
            found[[self.liveness.index[name] for name in group.nodes]] = g
        return found

    def peak_bytes(self, chosen: npt.NDArray[np.bool_]) -> int:
        """Memory that one device needs for the chosen groups (a mask)."""
        return self.liveness.peak_bytes(chosen[self.group_of_node])


def pose(graph: Graph, cluster: Cluster) -> Problem:
    """The problem of dividing a bound graph over a cluster, all of whose placements are on its devices."""
    if (total := total_value_bytes(graph)) >= 2**62:
        raise error("E0602", f"the values of {graph.name} have {total:,} bytes in all", "choose smaller sizes")
    groups = ordered_groups(graph)
    group_of = {name: g for g, group in enumerate(groups) for name in group.nodes}
    costs = {node.name: batch_cost(graph, node) for node in graph}
    speeds = {(d.flops_per_second, d.bytes_per_second) for d in cluster.devices}
    by_speed = {
        speed: [sum(seconds(costs[name], *speed) for name in group.nodes) for group in groups] for speed in speeds
    }
    table = [by_speed[d.flops_per_second, d.bytes_per_second] for d in cluster.devices]
    pins = [cluster.names.index(group.pin) if group.pin is not None else -1 for group in groups]
    return Problem(
        graph, cluster, groups, np.array(table, float), _nets(graph, group_of), np.array(pins, np.int64)
    )


def _nets(graph: Graph, group_of: dict[str, int]) -> tuple[Net, ...]:
    """The values that are read outside the group that makes them."""
    readers: dict[Ref, dict[int, None]] = {}
    for node in graph:
        for ref in node.inputs:
            readers.setdefault(ref, {group_of[ref.node]: None})[group_of[node.name]] = None
    crossing = {ref: tuple(groups) for ref, groups in readers.items() if len(groups) > 1}
    return tuple(Net(groups, value_bytes(graph[ref.node])[ref.index]) for ref, groups in crossing.items())
