"""W103: a layer adds a bias, and the batch norm behind it takes it away again with the mean."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnngraph.diagnostics import Diagnostic, Label, Span, Suggestion
from cnngraph.ir.graph import Graph, Node
from cnngraph.lint.subject import Place, Subject

ONE_CALL = re.compile(r"\w+\((?P<given>(?:[^()]|\([^()]*\))*)\)")


def find(subject: Subject) -> Iterator[Diagnostic]:
    for place in subject.places:
        layers = Place(place.span, tuple((g, n) for g, n in place.nodes if getattr(n.op, "bias", False)))
        if layers.nodes and layers.every(_is_normalised):
            graph, node = layers.nodes[0]
            norm = subject.place_of(graph.users[node.name][0].origin)
            if norm != place.span:  # both in a block of another file: that file is at fault
                yield _finding(node, place.span, norm)


def _is_normalised(graph: Graph, node: Node) -> bool:
    """Whether nothing but batch norms reads the layer."""
    readers = graph.users[node.name]
    outputs = {ref.node for ref in graph.outputs.values()}
    return bool(readers) and node.name not in outputs and all(user.op.name == "batchnorm" for user in readers)


def _finding(node: Node, span: Span, norm: Span | None) -> Diagnostic:
    name = node.op.name
    call = ONE_CALL.fullmatch(span.text)
    mendable = call is not None and span.text.startswith(f"{name}(") and "bias" not in span.text
    comma = " " if call is not None and call["given"].rstrip().endswith(",") else ", "
    before_closer = Span(span.source, span.end - 1, span.end - 1)
    return Diagnostic(
        "W103",
        f"{name} adds a bias right before a batch norm",
        Label(span, f"this bias of {node.type.channels} numbers has no effect"),
        (Label(norm, "batch norm subtracts the mean, and any constant with it"),) if norm else (),
        helps=(f"`{name}(..., bias = false)`: the shift of the batch norm is the bias",),
        suggestion=Suggestion(before_closer, f"{comma}bias = false", safe=False) if mendable else None,
    )
