"""The problem of dividing a graph over a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cnngraph.cost.liveness import Liveness, execution_order
from cnngraph.cost.model import total_value_bytes, value_bytes
from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph, Ref
from cnngraph.partition.device import Cluster
from cnngraph.partition.groups import forward_nodes, ordered_groups
from cnngraph.partition.partition import averaged_bytes
from cnngraph.partition.problem import Floats, Ints, Mask, Objective, Problem, Value
from cnngraph.partition.work import work_seconds

MOST_KNOWN = 50_000  # sets of groups


@dataclass(frozen=True)
class GraphMemory:
    """Peak bytes by liveness: the weights of the groups, what is fed to them, and the most that lives at one time.

    What was asked is remembered, as strategies ask the same again and again.
    """

    liveness: Liveness
    group_of: Ints
    known: dict[bytes, int] = field(default_factory=dict, repr=False, compare=False)

    def peak_bytes(self, chosen: Mask) -> int:
        key = np.packbits(chosen).tobytes()
        if key not in self.known:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known[key] = self.liveness.peak_bytes(chosen[self.group_of])
        return self.known[key]


def pose(
    graph: Graph,
    cluster: Cluster,
    objective: Objective = "throughput",
    contiguous: bool | None = None,
    measured: Mapping[str, float] | None = None,
    replicate: bool = False,
) -> Problem:
    """The problem of dividing a bound graph over a cluster, all of whose placements are on its devices.

    `contiguous` is what stages of a pipeline must be. By default it is asked for, but not for the latency, which needs
    no pipeline, and not where the file places nodes: two towers may alternate between two devices. `measured` seconds
    of nodes replace the estimates.
    """
    if (total := total_value_bytes(graph)) >= 2**62:
        raise error("E0602", f"the values of {graph.name} have {total:,} bytes in all", "choose smaller sizes")
    groups = ordered_groups(graph)
    order = execution_order(graph)
    place = {node.name: i for i, node in enumerate(graph)}
    group_of_name = {name: g for g, group in enumerate(groups) for name in group.nodes}
    group_of = np.array([group_of_name[node.name] for node in order], np.int64)
    pins = [cluster.names.index(group.pin) if group.pin is not None else -1 for group in groups]
    forward = forward_nodes(graph)
    before = {
        (group_of_name[ref.node], group_of_name[node.name])
        for node in graph
        if node.name in forward
        for ref in node.inputs
        if ref.node in forward
    }
    latency, per_byte = _links(cluster)
    averaged = averaged_bytes(graph)
    return Problem(
        title=graph.name,
        devices=cluster.names,
        tasks=tuple(node.name for node in order),
        groups=tuple(group.nodes[0] for group in groups),
        group_of=group_of,
        task_seconds=work_seconds(graph, cluster, measured)[:, [place[node.name] for node in order]],
        values=_values(graph, {node.name: t for t, node in enumerate(order)}),
        before=frozenset((a, b) for a, b in before if a != b),
        pay_seconds=latency,
        pay_seconds_per_byte=per_byte,
        memory=GraphMemory(Liveness(graph), group_of),
        limits_bytes=np.array([device.memory_bytes for device in cluster.devices], float),
        pins=np.array(pins, np.int64),
        contiguous=_stages_are_asked_for(graph, objective) if contiguous is None else contiguous,
        objective=objective,
        replicate=replicate,
        exchange_bytes=tuple(float(sum(averaged.get(name, 0) for name in group.nodes)) for group in groups),
    )


def _stages_are_asked_for(graph: Graph, objective: Objective) -> bool:
    return objective != "latency" and not any(node.device for node in graph)


def even_links(cluster: Cluster) -> bool:
    """Whether each link is as fast there as back."""
    return all(np.array_equal(table, table.T) for table in _one_way(cluster))


def _links(cluster: Cluster) -> tuple[Floats, Floats]:
    """(devices, devices): seconds, and seconds for a byte, between the two, in the slower direction."""
    latency, per_byte = _one_way(cluster)
    return np.maximum(latency, latency.T), np.maximum(per_byte, per_byte.T)


def _one_way(cluster: Cluster) -> tuple[Floats, Floats]:
    """The same of the link from the first to the second."""
    names = cluster.names
    latency, per_byte = np.zeros((len(names), len(names))), np.zeros((len(names), len(names)))
    for i, source in enumerate(names):
        for j, target in enumerate(names):
            if i != j:
                link = cluster.link(source, target)
                latency[i, j], per_byte[i, j] = link.latency_seconds, 1 / link.bytes_per_second
    return latency, per_byte


def _values(graph: Graph, task_of: Mapping[str, int]) -> tuple[Value, ...]:
    readers: dict[Ref, dict[int, None]] = {}
    for node in graph:
        for ref in node.inputs:
            readers.setdefault(ref, {})[task_of[node.name]] = None
    return tuple(
        Value(task_of[ref.node], tuple(found), value_bytes(graph[ref.node])[ref.index])
        for ref, found in readers.items()
    )
