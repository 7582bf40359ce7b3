"""Gradients that only hand on what they receive go, or become the view that they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Op
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.ops.add import Add
from cnngraph.ops.concat import Concat
from cnngraph.ops.cut import Cut
from cnngraph.ops.dropout import Dropout
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.identity import Identity
from cnngraph.ops.reshape import Reshape
from cnngraph.ops.shift import Shift
from cnngraph.passes.surgery import replaced


def hand_gradients_on(graph: Graph) -> Graph:
    """Read the gradient by a sum instead of that by its terms; cut that by a concat, reshape that by a reshaped value.

    The bits stay. A term that was added at every position (a vector to a grid) keeps its own gradient. In inference
    there are no gradients to match.

    Before:

        graph g
        dy: f32[batch, 5, 4] = input
        d.s.x0: f32[batch, 5, 4] = gradient(of=add, wanted=('x0',), \
input_types=(f32[batch, 5, 4], f32[batch, 4]), result_types=(f32[batch, 5, 4],)) <- dy
        d.s.x1: f32[batch, 4] = gradient(of=add, wanted=('x1',), \
input_types=(f32[batch, 5, 4], f32[batch, 4]), result_types=(f32[batch, 5, 4],)) <- dy
        d.c.x1: f32[batch, 5, 3] = gradient(of=concat, wanted=('x1',), \
input_types=(f32[batch, 5, 1], f32[batch, 5, 3]), result_types=(f32[batch, 5, 4],)) <- d.s.x0
        d.f.x: f32[batch, 2, 2] = gradient(of=flatten, wanted=('x',), \
input_types=(f32[batch, 2, 2],), result_types=(f32[batch, 4],)) <- d.s.x1
        output a = d.s.x0
        output b = d.c.x1
        output c = d.f.x

    After:

        graph g
        dy: f32[batch, 5, 4] = input
        d.s.x1: f32[batch, 4] = gradient(of=add, wanted=('x1',), \
input_types=(f32[batch, 5, 4], f32[batch, 4]), result_types=(f32[batch, 5, 4],)) <- dy
        d.c.x1: f32[batch, 5, 3] = cut(start=1, stop=4) <- dy
        d.f.x: f32[batch, 2, 2] = reshape(shape=f32[batch, 2, 2]) <- d.s.x1
        output a = dy
        output b = d.c.x1
        output c = d.f.x
    """
    new: dict[str, Sequence[Node]] = {}
    moved: dict[Ref, Ref] = {}
    for node in graph:
        if not isinstance(node.op, Gradient) or len(node.op.wanted) > 1 or node.late:
            continue
        dy = node.inputs[0]
        if _handed_on(node.op):
            new[node.name], moved[node.ref] = (), moved.get(dy, dy)
        elif view := _view(node.op):
            new[node.name] = (replace(node, op=view, inputs=(dy,)),)
    return replaced(graph, new, moved, {ref.node: to.node for ref, to in moved.items()})


def _handed_on(op: Gradient) -> bool:
    """Whether the gradient is dy itself."""
    same = op.infer()[0] == op.result_types[0]
    return same and (isinstance(op.of, Add | Identity | Shift) or (isinstance(op.of, Dropout) and not op.of.training))


def _view(op: Gradient) -> Op | None:
    """The operator that gives the gradient as a view of dy, if there is one."""
    (place,) = (op.of.input_names(len(op.input_types)).index(name) for name in op.wanted)
    if isinstance(op.of, Concat):
        return _cut(op.input_types, place)
    return Reshape(op.input_types[place]) if isinstance(op.of, Flatten | Reshape) else None


def _cut(joined: Sequence[TensorType], place: int) -> Cut:
    widths = [number(type_.channels) for type_ in joined]
    return Cut(sum(widths[:place]), sum(widths[: place + 1]))
