"""Softmax and cross-entropy become one operator, which keeps the digits of small probabilities."""

from __future__ import annotations

from collections.abc import Sequence

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ops.cross_entropy import CrossEntropy
from cnngraph.ops.softmax import Softmax
from cnngraph.ops.softmax_cross_entropy import SoftmaxCrossEntropy
from cnngraph.passes.rewrite import Rewriting, rewrite


def fuse_softmax_loss(graph: Graph) -> Graph:
    """Compute the cross-entropy of a softmax from the logits. The softmax stays where anything else reads it.

    Before:

        graph g
        logits: f32[batch, 10] = input
        label: i64(10)[batch] = input
        p: f32[batch, 10] = softmax <- logits
        loss: f32 = cross_entropy <- p, label
        output loss = loss

    After:

        graph g
        logits: f32[batch, 10] = input
        label: i64(10)[batch] = input
        loss: f32 = softmax_cross_entropy <- logits, label
        output loss = loss
    """
    outside = {ref.node for ref in (*graph.outputs.values(), *graph.updates.values())}

    def rule(node: Node, new: Rewriting) -> Sequence[Ref] | None:
        if isinstance(node.op, Softmax):
            only_losses = node.name not in outside and all(_softmax_of(graph, user) for user in graph.users[node.name])
            return node.inputs if only_losses else None
        softmax = _softmax_of(graph, node)
        if softmax is None:
            return None
        inputs = [new.now(softmax.inputs[0]), node.inputs[1]]
        fused = new.add(
            node.name, SoftmaxCrossEntropy(), inputs, origin=node.origin, device=node.device, colocated=node.colocated
        )
        return [fused.ref]

    return rewrite(graph, rule)


def _softmax_of(graph: Graph, node: Node) -> Node | None:
    """The softmax that a cross-entropy reads."""
    if not isinstance(node.op, CrossEntropy):
        return None
    maker = graph[graph[node.name].inputs[0].node]
    return maker if isinstance(maker.op, Softmax) else None
