"""An activation and the loss that takes its logarithm become one operator, which keeps the digits of small numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Op
from cnngraph.ops.bce import Bce
from cnngraph.ops.cross_entropy import CrossEntropy
from cnngraph.ops.sigmoid import Sigmoid
from cnngraph.ops.sigmoid_bce import SigmoidBce
from cnngraph.ops.softmax import Softmax
from cnngraph.ops.softmax_cross_entropy import SoftmaxCrossEntropy
from cnngraph.passes.rewrite import Rewriting, rewrite

FUSED: Mapping[type[Op], tuple[type[Op], Callable[[Any], Op]]] = {
    CrossEntropy: (Softmax, lambda loss: SoftmaxCrossEntropy(loss.smoothing, loss.class_weights)),
    Bce: (Sigmoid, lambda loss: SigmoidBce()),
}
"""Loss -> the activation that it follows, and what both are together."""


def fuse_loss(graph: Graph) -> Graph:
    """Compute a loss of probabilities from the logits: the cross-entropy of a softmax, the binary one of a sigmoid.

    The activation stays where anything else reads it.

    Before:

        graph g
        logits: f32[batch, 10] = input
        label: i64(10)[batch] = input
        x: f32[batch, 3] = input
        y: f32[batch, 3] = input
        p: f32[batch, 10] = softmax <- logits
        q: f32[batch, 3] = sigmoid <- x
        loss: f32 = cross_entropy <- p, label
        more: f32 = bce <- q, y
        output loss = loss
        output more = more

    After:

        graph g
        logits: f32[batch, 10] = input
        label: i64(10)[batch] = input
        x: f32[batch, 3] = input
        y: f32[batch, 3] = input
        loss: f32 = softmax_cross_entropy <- logits, label
        more: f32 = sigmoid_bce <- x, y
        output loss = loss
        output more = more
    """
    outside = {ref.node for ref in (*graph.outputs.values(), *graph.updates.values())}
    activations = {activation for activation, _ in FUSED.values()}

    def rule(node: Node, new: Rewriting) -> Sequence[Ref] | None:
        if type(node.op) in activations:
            readers = graph.users[node.name]
            only_losses = node.name not in outside and all(_activation_of(graph, r) == node.name for r in readers)
            return node.inputs if only_losses else None
        activation = _activation_of(graph, node)
        if activation is None:
            return None
        inputs = [new.now(graph[activation].inputs[0]), *node.inputs[1:]]
        op = FUSED[type(node.op)][1](node.op)
        fused = new.add(node.name, op, inputs, origin=node.origin, device=node.device, colocated=node.colocated)
        return [fused.ref]

    return rewrite(graph, rule)


def _activation_of(graph: Graph, node: Node) -> str | None:
    """The name of the activation that a loss is fused with; None where its target is made of the same one."""
    if type(node.op) not in FUSED:
        return None
    prediction, *others = graph[node.name].inputs
    fits = isinstance(graph[prediction.node].op, FUSED[type(node.op)][0]) and prediction not in others
    return prediction.node if fits else None
