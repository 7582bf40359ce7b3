"""Arrays for all inputs of a graph, drawn by the step."""

from __future__ import annotations

import numpy as np

from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, rng


def drawn_feeds(graph: Graph, step: int, batch: int) -> dict[str, Array]:
    """Numbers around 0, ids below their vocabulary, and a rate that halves at each step."""
    feeds: dict[str, Array] = {}
    for place, node in enumerate(graph.inputs):
        type_, numbers = node.type.bind(batch=batch), rng(step, place)
        if node.name == "rate":
            feeds[node.name] = np.array(0.5**step, np.float32)
        elif type_.vocabulary is not None:
            feeds[node.name] = numbers.integers(0, type_.vocabulary, type_.concrete)
        else:
            feeds[node.name] = numbers.normal(size=type_.concrete).astype(np.float32)
    return feeds
