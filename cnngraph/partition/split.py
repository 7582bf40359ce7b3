"""Divides a graph over a cluster: poses the problem, asks a strategy, measures and verifies its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnngraph.cost.model import require_bound
from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.ir.graph import Graph
from cnngraph.partition.bound import lower_bound_seconds
from cnngraph.partition.chain import chain
from cnngraph.partition.device import Cluster, unknown_devices
from cnngraph.partition.memory import does_not_fit
from cnngraph.partition.partition import Partition, assign
from cnngraph.partition.pinned import Loads, around_pins
from cnngraph.partition.problem import Problem, pose
from cnngraph.spelling import did_you_mean


def _chain_or_pins(problem: Problem) -> list[int]:
    """The best chain; where the file places nodes, the better of the best chain and the greedy rule of `pinned`."""
    found = chain(problem)
    if not (problem.pins >= 0).any():
        if found is None:
            raise does_not_fit(problem)
        return found
    try:
        around = around_pins(problem)
    except CnnGraphError:
        if found is None:
            raise
        return found
    return around if found is None or _busiest(problem, around) < _busiest(problem, found) else found


def _busiest(problem: Problem, chosen: list[int]) -> float:
    loads = Loads(problem)
    for group, device in enumerate(chosen):
        loads.place(group, device)
    return float(loads.seconds.max())


STRATEGIES: Mapping[str, Callable[[Problem], list[int]]] = {"chain": _chain_or_pins}


def split(graph: Graph, cluster: Cluster, strategy: str = "chain") -> Partition:
    """A device for each node of a bound graph, so that the busiest device is as little busy as the strategy can.

    Limits that always hold: the memory of each device; placements (`on`); what must stay together (`groups`).
    errors: E0109 a size is still a symbol; E0107 unknown strategy; E0601 placed on a device that the cluster lacks;
            E0602 nothing fits, with the numbers.
    """
    require_bound(graph)
    if strategy not in STRATEGIES:
        known = f"the strategies are {', '.join(STRATEGIES)}"
        help_ = did_you_mean(strategy, [*STRATEGIES], known)
        raise error("E0107", f"no partition strategy is named `{strategy}`", help_)
    placed = {node.name: node.device for node in graph if node.device is not None}
    if wrong := unknown_devices(placed, cluster):
        raise wrong
    problem = pose(graph, cluster)
    chosen = STRATEGIES[strategy](problem)
    device_of = {
        name: cluster.names[d] for group, d in zip(problem.groups, chosen, strict=True) for name in group.nodes
    }
    return assign(graph, cluster, device_of, lower_bound_seconds(problem))
