"""Seconds of each node on each device."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnngraph.cost.model import batch_cost, seconds
from cnngraph.ir.graph import Graph
from cnngraph.partition.device import Cluster
from cnngraph.partition.problem import Floats


def work_seconds(graph: Graph, cluster: Cluster, measured: Mapping[str, float] | None = None) -> Floats:
    """(devices, nodes of the graph in order). `measured` seconds of nodes replace the estimates of the cost model."""
    known = measured or {}
    costs = [batch_cost(graph, node) for node in graph]
    speeds = {(device.flops_per_second, device.bytes_per_second) for device in cluster.devices}
    rows = {
        speed: np.array([
            known.get(node.name, seconds(cost, *speed)) for node, cost in zip(graph, costs, strict=True)
        ])
        for speed in speeds
    }
    return np.stack([rows[device.flops_per_second, device.bytes_per_second] for device in cluster.devices])
