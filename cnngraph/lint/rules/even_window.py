"""W106: an even window that slides by single positions has no middle: with padding, the picture shifts by a half.

    window 4, stride 1, pad 1      . [x x x x x] .     five positions become four, each half a position further
    window 4, stride 2, pad 1      no warning: two windows for each two positions, evenly laid
    window 2, stride 1, pad 0      no warning: nothing pretends to be centred
"""

from __future__ import annotations

from collections.abc import Iterator

from cnngraph.diagnostics import Diagnostic, Label
from cnngraph.ir.graph import Graph, Node
from cnngraph.lint.subject import Place, Subject
from cnngraph.ops.conv import Conv
from cnngraph.ops.pool import Pool


def find(subject: Subject) -> Iterator[Diagnostic]:
    for place in subject.places:
        windows = Place(place.span, tuple((g, n) for g, n in place.nodes if isinstance(n.op, (Conv, Pool))))
        if windows.nodes and windows.every(lambda graph, node: _even(graph, node) > 0):
            graph, node = windows.nodes[0]
            yield _finding(place, node, _even(graph, node))


def _even(graph: Graph, node: Node) -> int:
    """The extent of an even window that moves by one position over padded ones; 0 for any other."""
    assert isinstance(node.op, (Conv, Pool))
    laid = node.op.geometry(graph.type_of(node.inputs[0]))
    axes = zip(laid.extent, laid.stride, laid.pad, strict=True)
    return next((extent for extent, step, pad in axes if extent % 2 == 0 and step == 1 and sum(pad) > 0), 0)


def _finding(place: Place, node: Node, extent: int) -> Diagnostic:
    return Diagnostic(
        "W106",
        f"the window of {node.op.name} covers {extent} positions, and has no middle",
        Label(place.span, "its padding shifts the picture by half a position"),
        helps=(f"a window of {extent - 1} or {extent + 1} with `same` keeps every position where it is",),
    )
