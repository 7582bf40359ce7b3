"""Seconds of each node on each device: estimated from costs and speeds, or measured where that was done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cnngraph.cost.model import batch_cost
from cnngraph.diagnostics import CnnGraphError, Diagnostic
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input, State
from cnngraph.partition.device import Cluster, Device
from cnngraph.partition.kind import kind_of, operator_names
from cnngraph.partition.problem import Floats, Mask


@dataclass(frozen=True)
class Measured(Mapping[str, float]):
    """Seconds of nodes by name, and the device on which they were measured."""

    seconds: Mapping[str, float]
    device: Device | None = field(default=None, hash=False)

    def __getitem__(self, name: str) -> float:
        return self.seconds[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.seconds)

    def __len__(self) -> int:
        return len(self.seconds)


def work_seconds(graph: Graph, cluster: Cluster, measured: Mapping[str, float] | None = None) -> Floats:
    """(devices, nodes of the graph in order): infinite where a device lacks the operator.

    Measured seconds replace the estimate on the device that was measured: the one that they name (`Measured`), else the
    first of the cluster. On a device of another speed they are scaled by the ratio of the two estimates.
    errors: E0602 nodes that no device can run, or that are placed on one that cannot.
    """
    table = estimates(graph, cluster.devices)
    if measured:
        own = measured.device if isinstance(measured, Measured) else None
        base = table[0] if own is None else estimates(graph, [own])[0]
        taken = np.array([measured.get(node.name, np.nan) for node in graph])
        ratio = np.divide(table, base, out=np.ones_like(table), where=base > 0)
        table = np.where(np.isnan(taken), table, taken * ratio)
    able = ability(graph, cluster.devices)
    if not able.all():
        require_ability(graph, cluster, able)
        table[~able] = np.inf
    return table


def estimates(graph: Graph, devices: Sequence[Device], launches: int = 1) -> Floats:
    """(devices, nodes): what each would take by the cost model, whether the device has the operator or not.

    A batch that is cut into tiles is as many `launches` of each node. Leaves and views take nothing; nor does what
    follows from states alone where no run changes them: it is computed once.
    """
    costs = [batch_cost(graph, node) for node in graph]
    kinds = [""] * len(costs)
    if any(device.flops_by_kind for device in devices):
        kinds = [kind_of(node.op, graph.input_types(node), node.types) for node in graph]
    free = _free(graph)
    rows: dict[Device, list[float]] = {}
    alike = [_speeds(device) for device in devices]
    for device in alike:
        if device not in rows:
            rows[device] = [
                0.0 if node.name in free else device.seconds(kind, cost, launches)
                for node, kind, cost in zip(graph, kinds, costs, strict=True)
            ]
    return np.array([rows[device] for device in alike], float).reshape(len(devices), len(costs))


def _free(graph: Graph) -> frozenset[str]:
    """Names of the nodes that take no run any time."""
    free = {node.name for node in graph if isinstance(node.op, Input | State) or node.op.placed}
    fixed = set() if graph.updates else {node.name for node in graph.states}
    for node in graph:
        if node.inputs and all(ref.node in fixed for ref in node.inputs):
            fixed.add(node.name)
    return frozenset(free | fixed)


def _speeds(device: Device) -> Device:
    """The device without what makes no difference to its speed."""
    return Device("", 0, device.flops_per_second, device.bytes_per_second, device.flops_by_kind, device.launch_seconds)


def ability(graph: Graph, devices: Sequence[Device]) -> Mask:
    """(devices, nodes): whether the device has the operators of the node."""
    able = np.ones((len(devices), len(graph.nodes)), bool)
    for d, device in enumerate(devices):
        if device.lacks:
            able[d] = [not operator_names(node.op) & device.lacks for node in graph]
    return able


def require_ability(graph: Graph, cluster: Cluster, able: Mask) -> None:
    """Raise E0602 for nodes that no device can run, and for those placed on a device that cannot."""
    found: list[Diagnostic] = []
    lost = [node for n, node in enumerate(graph) if not able[:, n].any()]
    if lost:
        missing = sorted(set().union(*(operator_names(node.op) for node in lost)) & _lacked(cluster))
        text = f"no device of the cluster can run {_named(lost)}: each lacks {' or '.join(missing)}"
        found.append(Diagnostic("E0602", text, helps=("add a device that can, or correct `lacks` in the cluster",)))
    for d, device in enumerate(cluster.devices):
        placed = [n for n, can in zip(graph, able[d], strict=True) if n.device == device.name and not can]
        if placed:
            missing = sorted(set().union(*(operator_names(node.op) for node in placed)) & device.lacks)
            text = f"{_named(placed)} is placed on {device.name}, which lacks {', '.join(missing)}"
            found.append(Diagnostic("E0602", text, helps=("place it on another device",)))
    if found:
        raise CnnGraphError(found)


def _lacked(cluster: Cluster) -> frozenset[str]:
    return frozenset().union(*(device.lacks for device in cluster.devices))


def _named(nodes: Sequence[Node]) -> str:
    return f"{nodes[0].name} and {len(nodes) - 1} more" if len(nodes) > 1 else nodes[0].name
