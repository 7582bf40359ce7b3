"""W104: cross_entropy takes probabilities: one softmax belongs before it, not two and not none."""

from __future__ import annotations

from collections.abc import Iterator

from cnngraph.diagnostics import Diagnostic, Label
from cnngraph.ir.graph import Graph, Node
from cnngraph.lint.subject import Place, Subject

PROBABILITIES = frozenset(["softmax", "sigmoid", "hard_sigmoid"])
"""Activations whose results lie between 0 and 1."""
PASSED = frozenset(["identity", "dropout"])
"""Operators behind which the values of the layer before are still the same ones."""


def find(subject: Subject) -> Iterator[Diagnostic]:
    for place in subject.places:
        softmaxes = Place(place.span, tuple((g, n) for g, n in place.nodes if n.op.name == "softmax"))
        if softmaxes.nodes and softmaxes.every(_is_second):
            yield from _twice(subject, softmaxes)
        losses = Place(place.span, tuple((g, n) for g, n in place.nodes if n.op.name == "cross_entropy"))
        if losses.nodes and losses.every(_lacks_softmax):
            yield _missing(subject, losses)


def _is_second(graph: Graph, node: Node) -> bool:
    return _maker(graph, node).op.name == "softmax"


def _lacks_softmax(graph: Graph, node: Node) -> bool:
    op = _maker(graph, node).op
    return op.counts_depth or op.name == "batchnorm" or (op.activation and op.name not in PROBABILITIES)


def _maker(graph: Graph, node: Node) -> Node:
    """What made the values that a node reads first."""
    node = graph[node.inputs[0].node]
    while node.op.name in PASSED:
        node = graph[node.inputs[0].node]
    return node


def _twice(subject: Subject, second: Place) -> Iterator[Diagnostic]:
    first = subject.place_of(_maker(*second.nodes[0]).origin)
    if first is not None and first != second.span:
        yield Diagnostic(
            "W104",
            "a softmax of a softmax",
            Label(second.span, "this makes the probabilities nearly equal"),
            (Label(first, "these are probabilities already"),),
            helps=("keep one of them: `cross_entropy` takes the probabilities of one softmax",),
        )


def _missing(subject: Subject, losses: Place) -> Diagnostic:
    maker = _maker(*losses.nodes[0])
    shown = subject.place_of(maker.origin)
    return Diagnostic(
        "W104",
        f"cross_entropy of what {maker.op.name} gives, without a softmax",
        Label(losses.span, "this takes the logarithm of a probability"),
        (Label(shown, "these values can be below 0 or above 1"),) if shown else (),
        helps=("end the output with `-> softmax`; training joins both into one exact step",),
    )
