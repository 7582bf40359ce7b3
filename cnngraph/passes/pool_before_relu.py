"""The largest value of each window is found before an activation that keeps the order of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.op import Op
from cnngraph.ops.clip import Clip
from cnngraph.ops.globalmaxpool import GlobalMaxPool
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.relu import Relu
from cnngraph.passes.surgery import Readers, fresh, on_one_device, replaced

RISING: tuple[type[Op], ...] = (Relu, Clip, LeakyRelu)
"""Activations that never fall as their input grows, as they are rounded, too: a curve through `exp` may."""


def pool_before_relu(graph: Graph) -> Graph:
    """Let an activation that never falls see only the largest value of each window: a quarter of the work, or less.

    max(f(a), f(b)) = f(max(a, b)), bit for bit but for the sign of a zero; a number that is none stays none on both
    ways, and padding counts as less than all. In training a gradient reads the activation, so nothing matches.

    Before:

        graph g
        x: f32[batch, 6, 6, 4] = input
        r: f32[batch, 6, 6, 4] = relu <- x
        p: f32[batch, 3, 3, 4] = maxpool(window=Window((2,))) <- r
        q: f32[batch, 1, 1, 4] = maxpool(window=Window((3,))) <- p
        output y = q

    After:

        graph g
        x: f32[batch, 6, 6, 4] = input
        p.largest: f32[batch, 3, 3, 4] = maxpool(window=Window((2,))) <- x
        q.largest: f32[batch, 1, 1, 4] = maxpool(window=Window((3,))) <- p.largest
        q: f32[batch, 1, 1, 4] = relu <- q.largest
        output y = q
    """
    while (after := _one_pool_further(graph)) is not graph:
        graph = after
    return graph


def _one_pool_further(graph: Graph) -> Graph:
    readers = Readers(graph)
    new: dict[str, Sequence[Node]] = {}
    beside: dict[str, str] = {}
    for node in graph:
        if not isinstance(node.op, MaxPool | GlobalMaxPool) or not _fewer(graph, node):
            continue
        before = graph[node.inputs[0].node]
        if isinstance(before.op, RISING) and readers.only(before.ref) is node and on_one_device(before, node):
            pooled = replace(node, name=fresh(graph.by_name, f"{node.name}.largest"), inputs=before.inputs)
            activated = replace(before, name=node.name, inputs=(pooled.ref,), types=node.types)
            new[before.name], new[node.name] = (), (pooled, activated)
            beside[before.name] = node.name
    return replaced(graph, new, beside=beside)


def _fewer(graph: Graph, node: Node) -> bool:
    """Whether a pool gives fewer values than it takes."""
    if not isinstance(node.op, MaxPool):
        return True
    return max(node.op.geometry(graph.type_of(node.inputs[0])).stride) > 1
