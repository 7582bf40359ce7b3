"""Batch normalization by known statistics becomes part of the product before it, or a line for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ops.affine import Affine
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.conv import Conv
from cnngraph.ops.fold_norm import FoldNorm
from cnngraph.ops.linear import Linear
from cnngraph.ops.norm_line import NormLine
from cnngraph.ops.upconv import UpConv
from cnngraph.passes.surgery import Readers, device_of, fresh, on_one_device, replaced

PRODUCTS = (Conv, UpConv, Linear)


def fold_batchnorm(graph: Graph) -> Graph:
    """Fold a batch normalization by its running statistics into the product before it, if nothing else reads that.

    Elsewhere (behind a concat, say) it becomes `affine`, two passes over the values less. What is new is made of states
    alone, so a plan computes it once. In training it matches frozen normalizations only.

    Before:

        graph g
        x: f32[batch, 8, 8, 3] = input
        c.weight: f32[3, 3, 3, 4] = state(initial='he') with c
        c: f32[batch, 6, 6, 4] = conv(features=4, window=Window((3,)), bias=False) <- x, c.weight
        n.scale: f32[4] = state(initial='ones') with n
        n.shift: f32[4] = state(initial='zeros') with n
        n.mean: f32[4] = state(initial='zeros', trainable=False) with n
        n.variance: f32[4] = state(initial='ones', trainable=False) with n
        n: f32[batch, 6, 6, 4] = batchnorm <- c, n.scale, n.shift, n.mean, n.variance
        r: f32[batch, 6, 6, 4] = relu <- n
        m: f32[batch, 6, 6, 4] = batchnorm(epsilon=0.001) <- r, n.scale, n.shift, n.mean, n.variance
        output y = m

    After:

        graph g
        x: f32[batch, 8, 8, 3] = input
        c.weight: f32[3, 3, 3, 4] = state(initial='he') with n
        n.scale: f32[4] = state(initial='ones') with n
        n.shift: f32[4] = state(initial='zeros') with n
        n.mean: f32[4] = state(initial='zeros', trainable=False) with n
        n.variance: f32[4] = state(initial='ones', trainable=False) with n
        n.folded: f32[3, 3, 3, 4], f32[4] = fold_norm(bias=False) <- \
c.weight, n.scale, n.shift, n.mean, n.variance
        n: f32[batch, 6, 6, 4] = conv(features=4, window=Window((3,))) <- x, n.folded, n.folded!1
        r: f32[batch, 6, 6, 4] = relu <- n
        m.line: f32[4], f32[4] = norm_line(epsilon=0.001) <- n.scale, n.shift, n.mean, n.variance
        m: f32[batch, 6, 6, 4] = affine <- r, m.line, m.line!1
        output y = m
    """
    readers = Readers(graph)
    new: dict[str, Sequence[Node]] = {}
    beside: dict[str, str] = {}
    for node in graph:
        if not isinstance(node.op, BatchNorm) or node.op.training or node.late:
            continue
        product = graph[node.inputs[0].node]
        apart = not isinstance(product.op, PRODUCTS) or readers.only(product.ref) is not node
        if apart or not on_one_device(product, node):
            new[node.name] = _line(graph, node, node.op)
        else:
            new[product.name], new[node.name] = (), _folded(graph, product, node, node.op)
            beside[product.name] = node.name
    return replaced(graph, new, beside=beside)


def _folded(graph: Graph, product: Node, node: Node, norm: BatchNorm) -> Sequence[Node]:
    """The product with the normalization in its weights, under the name of the normalization."""
    assert isinstance(product.op, PRODUCTS)
    x, *own = product.inputs
    inputs, device = (*own, *node.inputs[1:]), device_of(product, node)
    op = FoldNorm(norm.epsilon, product.op.bias)
    types = op.output_types([graph.type_of(ref) for ref in inputs])
    name = fresh(graph.by_name, f"{node.name}.folded")
    weights = Node(name, op, inputs, types, device, node.colocated, product.origin)
    whole = replace(product.op, bias=True)
    reads = (x, Ref(name), Ref(name, 1))
    return weights, Node(node.name, whole, reads, node.types, device, node.colocated, product.origin)


def _line(graph: Graph, node: Node, norm: BatchNorm) -> Sequence[Node]:
    op, name = NormLine(norm.epsilon), fresh(graph.by_name, f"{node.name}.line")
    types = op.output_types([graph.type_of(ref) for ref in node.inputs[1:]])
    line = Node(name, op, node.inputs[1:], types, node.device, node.colocated, node.origin)
    return line, replace(node, op=Affine(), inputs=(node.inputs[0], Ref(name), Ref(name, 1)))
