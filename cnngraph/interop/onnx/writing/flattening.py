"""Where a grid is flattened for dense layers only: channels first, with the rows of the dense weights in that order.

    here      grid (H, W, C) -> flatten: h, w, c -> dense, weight rows h, w, c
    in ONNX   grid (C, H, W) -> flatten: c, h, w -> dense, weight rows c, h, w        no data is moved

Between the two may stand what works on each number by itself: dropout, an activation.
"""

from __future__ import annotations

from collections.abc import Mapping

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.ops.dense import Dense
from cnngraph.ops.dropout import Dropout
from cnngraph.ops.flatten import Flatten


def rows_of(graph: Graph) -> Mapping[str, tuple[int, ...]]:
    """For each such flatten, and each dense after it, the sizes (positions..., C) of the grid."""
    found: dict[str, tuple[int, ...]] = {}
    for node in graph:
        if not isinstance(node.op, Flatten):
            continue
        sizes = graph.type_of(node.inputs[0]).shape[1:]
        layers = _dense_layers(graph, node)
        if layers and len(sizes) > 1 and all(isinstance(size, int) for size in sizes):
            found |= dict.fromkeys((node.name, *layers), tuple(size for size in sizes if isinstance(size, int)))
    return found


def _dense_layers(graph: Graph, start: Node) -> list[str]:
    """The dense layers that read `start`; none where anything else does."""
    layers: list[str] = []
    waiting, outputs = [start], set(graph.outputs.values())
    while waiting:
        node = waiting.pop()
        if node.ref in outputs:
            return []
        for user in graph.users[node.name]:
            if isinstance(user.op, Dense) and _meets(graph, user, node.ref):
                layers.append(user.name)
            elif len(user.inputs) == 1 and (user.op.pointwise or isinstance(user.op, Dropout)):
                waiting.append(user)
            else:
                return []
    return layers


def _meets(graph: Graph, dense: Node, x: Ref) -> bool:
    """Whether a dense layer reads x as its vector, and its weight is kept."""
    return dense.inputs[0] == x and isinstance(graph[dense.inputs[1].node].op, State)
