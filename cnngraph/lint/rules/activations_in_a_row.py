"""W105: an activation right behind another one."""

from __future__ import annotations

from collections.abc import Iterator

from cnngraph.diagnostics import Diagnostic, Label
from cnngraph.ir.graph import Graph, Node
from cnngraph.lint.subject import Place, Subject

PARTS = frozenset(["softplus"])
"""Activations that others are composed of: mish is x * tanh(softplus(x))."""


def find(subject: Subject) -> Iterator[Diagnostic]:
    """Two softmaxes are left to W104."""
    for place in subject.places:
        second = Place(place.span, tuple((g, n) for g, n in place.nodes if n.op.activation))
        if not second.nodes or not second.every(_follows_another):
            continue
        graph, node = second.nodes[0]
        before = _before(graph, node)
        first = subject.place_of(before.origin)
        if first is not None and first != place.span:
            yield Diagnostic(
                "W105",
                f"{node.op.name} follows {before.op.name}",
                Label(place.span, "a second activation, with no layer between"),
                (Label(first, "the first one is here"),),
                helps=("keep one of them: two say no more than one layer can",),
            )


def _follows_another(graph: Graph, node: Node) -> bool:
    before = _before(graph, node).op
    return before.activation and before.name not in PARTS and {before.name, node.op.name} != {"softmax"}


def _before(graph: Graph, node: Node) -> Node:
    return graph[node.inputs[0].node]
