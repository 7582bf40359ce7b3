"""Gradients that only hand on what they receive go."""

from __future__ import annotations

from collections.abc import Sequence

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ops.add import Add
from cnngraph.ops.dropout import Dropout
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.identity import Identity
from cnngraph.ops.shift import Shift
from cnngraph.passes.surgery import replaced


def hand_gradients_on(graph: Graph) -> Graph:
    """Read the gradient by a sum instead of those by its terms.

    The bits stay. A term that was added at every position (a vector to a grid) keeps its own gradient. In inference
    there are no gradients to match.

    Before:

        graph g
        dy: f32[batch, 5, 4] = input
        d.s.x0: f32[batch, 5, 4] = gradient(of=add, wanted=('x0',), \
input_types=(f32[batch, 5, 4], f32[batch, 4]), result_types=(f32[batch, 5, 4],)) <- dy
        d.s.x1: f32[batch, 4] = gradient(of=add, wanted=('x1',), \
input_types=(f32[batch, 5, 4], f32[batch, 4]), result_types=(f32[batch, 5, 4],)) <- dy
        a: f32[batch, 5, 4] = tanh <- d.s.x0
        output a = a
        output b = d.s.x1

    After:

        graph g
        dy: f32[batch, 5, 4] = input
        d.s.x1: f32[batch, 4] = gradient(of=add, wanted=('x1',), \
input_types=(f32[batch, 5, 4], f32[batch, 4]), result_types=(f32[batch, 5, 4],)) <- dy
        a: f32[batch, 5, 4] = tanh <- dy
        output a = a
        output b = d.s.x1
    """
    new: dict[str, Sequence[Node]] = {}
    moved: dict[Ref, Ref] = {}
    for node in graph:
        if not isinstance(node.op, Gradient) or len(node.op.wanted) > 1 or node.late:
            continue
        dy = node.inputs[0]
        if _handed_on(node.op):
            new[node.name], moved[node.ref] = (), moved.get(dy, dy)
    return replaced(graph, new, moved, {ref.node: to.node for ref, to in moved.items()})


def _handed_on(op: Gradient) -> bool:
    """Whether the gradient is dy itself."""
    same = op.infer()[0] == op.result_types[0]
    return same and (isinstance(op.of, Add | Identity | Shift) or (isinstance(op.of, Dropout) and not op.of.training))
