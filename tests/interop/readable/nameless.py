"""Graphs as importers of other tools make them: flat, with node names that say nothing, and no origins."""

from __future__ import annotations

from dataclasses import replace

from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input


def nameless(graph: Graph) -> Graph:
    """The graph with n0, n1, ... for the names of its nodes; inputs and results keep theirs. Places are forgotten."""
    names = {node.name: node.name if isinstance(node.op, Input) else f"n{i}" for i, node in enumerate(graph)}
    bare = (replace(node, device=None, colocated=None, origin=None) for node in graph)
    nodes = tuple(replace(node, name=names[node.name], inputs=_renamed(node.inputs, names)) for node in bare)
    outputs = dict(zip(graph.outputs, _renamed(tuple(graph.outputs.values()), names), strict=True))
    return Graph(graph.name, nodes, outputs, {}, graph.facts)


def _renamed(refs: tuple[Ref, ...], names: dict[str, str]) -> tuple[Ref, ...]:
    return tuple(Ref(names[ref.node], ref.index) for ref in refs)


def without_identities(graph: Graph) -> Graph:
    """The graph without the nodes that only hand on what they read: other tools write no lane that is empty."""
    instead: dict[Ref, Ref] = {}
    nodes = []
    for node in graph:
        inputs = tuple(instead.get(ref, ref) for ref in node.inputs)
        if node.op.name == "identity":
            instead[node.ref] = inputs[0]
        else:
            nodes.append(replace(node, inputs=inputs))
    return replace(graph, nodes=tuple(nodes), outputs={k: instead.get(r, r) for k, r in graph.outputs.items()})
