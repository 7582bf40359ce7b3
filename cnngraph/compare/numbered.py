"""A graph whatever its nodes are called: two graphs differ only in names exactly if they are equal when numbered."""

from __future__ import annotations

from dataclasses import replace

from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.op import Op
from cnngraph.ir.text import to_text
from cnngraph.ops.scan import Scan


def numbered(graph: Graph) -> Graph:
    """The graph with numbers for the names of its nodes and for its own; inputs and outputs keep theirs.

    >>> from cnngraph.ir.text import from_text, to_text
    >>> text = "graph g\\nx: f32[batch, 4] = input\\nfirst: f32[batch, 4] = relu <- x\\noutput y = first"
    >>> print(to_text(numbered(from_text(text))).splitlines()[2])
    n1: f32[batch, 4] = relu <- x
    """
    inputs = {node.name for node in graph.inputs}
    names = {node.name: node.name if node.name in inputs else f"n{i}" for i, node in enumerate(graph)}

    def ref(old: Ref) -> Ref:
        return Ref(names[old.node], old.index)

    nodes = tuple(
        replace(
            node, name=names[node.name], op=numbered_op(node.op), inputs=tuple(map(ref, node.inputs)),
            colocated=names.get(node.colocated, node.colocated) if node.colocated else None,
        )
        for node in graph
    )  # fmt: skip
    outputs = {name: ref(old) for name, old in graph.outputs.items()}
    updates = {names[state]: ref(old) for state, old in graph.updates.items()}
    return Graph("graph", nodes, outputs, updates, graph.facts)


def numbered_op(op: Op) -> Op:
    """The operator; the cell of a scan is a graph itself."""
    return replace(op, cell=to_text(numbered(op.graph))) if isinstance(op, Scan) else op
