"""W107: dropout at the output throws away results, not features."""

from __future__ import annotations

from collections.abc import Iterator

from cnngraph.diagnostics import Diagnostic, Label
from cnngraph.ir.graph import Graph, Node
from cnngraph.lint.subject import Subject


def find(subject: Subject) -> Iterator[Diagnostic]:
    for graph in subject.graphs:
        for name, ref in graph.outputs.items():
            node = _last(graph, graph[ref.node])
            span = subject.place_of(node.origin) if node.op.name == "dropout" else None
            if span is not None:
                yield Diagnostic(
                    "W107",
                    f"dropout stands at the output `{name}` of `{graph.name}`",
                    Label(span, "training loses a part of the results themselves"),
                    helps=("put it before the last layer with weights: `dropout(0.5) -> dense(classes)`",),
                )


def _last(graph: Graph, node: Node) -> Node:
    """The last operator before an output that is more than an activation."""
    while node.op.activation or node.op.name == "identity":
        node = graph[node.inputs[0].node]
    return node
