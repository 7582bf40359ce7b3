"""Nodes that compute the same are one, so that a pattern which uses a value twice is seen.

Before:

    u = ReduceMean(x)        d = Sub(x, u)        e = Sub(x, u)        y = Div(d, f(e))

After:

    u = ReduceMean(x)        d = Sub(x, u)        y = Div(d, f(d))
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np

from cnngraph.interop.onnx.reading.fold import RANDOM
from cnngraph.interop.onnx.reading.foreign import Foreign, ForeignNode
from cnngraph.ir.op import Array

PLACE = 5
LAYERS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN", "If", "Loop", "Scan", "Dropout"})
"""Nodes that stay apart: people mean two layers, or what they do cannot be compared."""
SMALL = 64  # numbers; larger constants are the same only under one name


def unite(net: Foreign) -> Foreign:
    known: dict[Hashable, ForeignNode] = {}
    moved: dict[str, str] = {}
    outputs = {output.name for output in net.outputs}
    nodes: list[ForeignNode] = []
    for node in net.nodes:
        node = replace(node, inputs=tuple(moved.get(name, name) for name in node.inputs))
        key = _key(node, net)
        before = known.setdefault(key, node) if key is not None else node
        if before is node or outputs & set(node.outputs) or len(before.outputs) != len(node.outputs):
            nodes.append(node)
        else:
            moved.update(zip(node.outputs, before.outputs, strict=True))
    return replace(net, nodes=nodes) if moved else net


def _key(node: ForeignNode, net: Foreign) -> Hashable | None:
    """What two nodes have in common that give the same; None for nodes that stay apart."""
    if (
        node.operator in LAYERS
        or node.operator in RANDOM
        or any(isinstance(v, Foreign) for v in node.attributes.values())
    ):
        return None
    inputs = tuple(_same(name, net.constants.get(name)) for name in node.inputs)
    return node.operator, inputs, tuple(sorted((name, _plain(value)) for name, value in node.attributes.items()))


def _same(name: str, array: Array | None) -> Hashable:
    small = array is not None and array.size <= SMALL
    return (str(array.dtype), array.shape, array.tobytes()) if small and array is not None else name


def _plain(value: Any) -> str:
    return repr(value.tolist()) if isinstance(value, np.ndarray) else repr(value)
