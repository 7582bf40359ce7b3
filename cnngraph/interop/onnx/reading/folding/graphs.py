"""A graph that was read, after a rule has changed it: what nobody reads goes, with its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cnngraph.interop.imported import Imported
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Array
from cnngraph.ir.verify import verify


def changed(found: Imported, graph: Graph, states: Mapping[str, Array] | None = None) -> Imported:
    """The network with another graph, and `states` beside the numbers it had; all inputs stay."""
    alive = graph.restricted_to(graph.outputs.values())
    nodes = tuple(node for node in graph if node.name in alive or isinstance(node.op, Input))
    arrays = {**found.states, **(states or {})}
    kept = {node.name: arrays[node.name] for node in nodes if node.name in arrays}
    if graph is found.graph and len(nodes) == len(graph.nodes):
        return found
    return replace(found, graph=verify(replace(graph, nodes=nodes)), states=kept)
