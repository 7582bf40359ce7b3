"""Nodes that hand their input on unchanged go."""

from __future__ import annotations

from collections.abc import Sequence

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ops.dropout import Dropout
from cnngraph.ops.identity import Identity
from cnngraph.passes.rewrite import Rewriting, rewrite


def drop_identity(graph: Graph) -> Graph:
    """Read the input of an identity, or of a dropout in its form for prediction, instead of its result.

    Before:

        graph g
        x: f32[batch, 4] = input
        same: f32[batch, 4] = identity <- x
        thinned: f32[batch, 4] = dropout <- same
        y: f32[batch, 4] = relu <- thinned
        output y = y
        output same = same

    After:

        graph g
        x: f32[batch, 4] = input
        y: f32[batch, 4] = relu <- x
        output y = y
        output same = x
    """
    return rewrite(graph, _forward_input) if any(map(hands_on, graph)) else graph


def _forward_input(node: Node, new: Rewriting) -> Sequence[Ref] | None:
    return node.inputs[:1] if hands_on(node) else None


def hands_on(node: Node) -> bool:
    """Whether the result of the node is its input."""
    return isinstance(node.op, Identity) or (isinstance(node.op, Dropout) and not node.op.training)
