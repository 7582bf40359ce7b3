"""Gradients that are pointwise operators of dy become these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.op import Op
from cnngraph.ops.dropout import Dropout
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.layer_scale import LayerScale
from cnngraph.ops.mul import Mul
from cnngraph.ops.reverse_gradient import ReverseGradient
from cnngraph.ops.scale import Scale
from cnngraph.passes.surgery import fresh, replaced


def plain_gradients(graph: Graph) -> Graph:
    """Write the gradient of a product or of a scaled value as the product or the scaling of dy that it is.

    So it has kernels, can be fused, and that of a dropout can be computed for any part of a batch. The bits stay, but
    for dropout, which is divided by a number in `gradient` and multiplied by its inverse here. In inference there are
    no gradients to match.

    Before:

        graph g
        dy: f32[batch, 4] = input
        x: f32[batch, 4] = input
        mask: f32[batch, 4] = input
        a: f32[batch, 4] = gradient(of=mul, wanted=('x0',), \
input_types=(f32[batch, 4], f32[batch, 4]), result_types=(f32[batch, 4],)) <- dy, x
        b: f32[batch, 4] = gradient(of=scale(factor=3.0), wanted=('x',), \
input_types=(f32[batch, 4],), result_types=(f32[batch, 4],)) <- a
        c: f32[batch, 4] = gradient(of=dropout(training=True), wanted=('x',), \
input_types=(f32[batch, 4], i64[2]), result_types=(f32[batch, 4], f32[batch, 4], i64[2])) <- b, mask
        output dx = c

    After:

        graph g
        dy: f32[batch, 4] = input
        x: f32[batch, 4] = input
        mask: f32[batch, 4] = input
        a: f32[batch, 4] = mul <- dy, x
        b: f32[batch, 4] = scale(factor=3.0) <- a
        c.masked: f32[batch, 4] = mul <- b, mask
        c: f32[batch, 4] = scale(factor=2.0) <- c.masked
        output dx = c
    """
    new: dict[str, Sequence[Node]] = {}
    for node in graph:
        if not isinstance(node.op, Gradient) or node.late:
            continue
        if isinstance(node.op.of, Dropout) and node.op.of.training:
            new[node.name] = _masked(graph, node, node.op.of)
        elif op := _plain(node.op):
            new[node.name] = (replace(node, op=op),)
    return replaced(graph, new)


def _plain(op: Gradient) -> Op | None:
    """The operator that gives the gradient from dy and what it saved, in their order."""
    of, same = op.of, op.infer() == op.result_types[:1]
    if isinstance(of, Mul) and same:
        return of
    if isinstance(of, LayerScale) and op.wanted == ("x",):
        return of
    if isinstance(of, Scale | ReverseGradient):
        return Scale(of.factor if isinstance(of, Scale) else -of.weight)
    return None


def _masked(graph: Graph, node: Node, dropout: Dropout) -> Sequence[Node]:
    masked = replace(node, name=fresh(graph.by_name, f"{node.name}.masked"), op=Mul())
    return masked, replace(node, op=Scale(1 / (1 - dropout.rate)), inputs=(masked.ref,))
