"""First states that are zeros are left out: their shape has the batch in it, and nobody needs it.

Before:

    h = Expand(0, [1, N, 6])    y = GRU(x, W, R, B, , h)

After:

    y = GRU(x, W, R, B)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnngraph.interop.onnx.reading.folding.pattern import without_unread
from cnngraph.interop.onnx.reading.foreign import Foreign, ForeignNode

PLACE = 45
STATES = {"RNN": (5,), "GRU": (5,), "LSTM": (5, 6)}
MOVES = frozenset({"Cast", "Expand", "Gather", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Tile", "Transpose",
                   "Unsqueeze"})  # fmt: skip
"""What gives zeros, of some shape, where its first input is zeros."""


def unite(net: Foreign) -> Foreign:
    zeros = zeros_of(net)
    nodes = [_without_zeros(node, zeros) if _states(node) else node for node in net.nodes]
    changed = any(a is not b for a, b in zip(nodes, net.nodes, strict=True))
    return without_unread(replace(net, nodes=nodes)) if changed else net


def _states(node: ForeignNode) -> Sequence[int]:
    """Where the first states of a node are."""
    if node.operator == "Scan":
        return range(len(node.inputs) - int(node.attributes.get("num_scan_inputs", len(node.inputs))))
    return STATES.get(node.operator, ())


def zeros_of(net: Foreign) -> set[str]:
    """The names of values that are zeros, whatever their shape."""
    found = {name for name, array in net.constants.items() if array.dtype.kind == "f" and not array.any()}
    for node in net.nodes:
        if _gives_zeros(node, found):
            found.update(node.outputs)
    return found


def _gives_zeros(node: ForeignNode, zeros: set[str]) -> bool:
    if node.operator == "ConstantOfShape":
        value = node.attributes.get("value")
        return value is None or not value.any()
    if node.operator == "Concat":
        return all(name in zeros for name in node.inputs)
    return node.operator in MOVES and node.inputs[0] in zeros


def _without_zeros(node: ForeignNode, zeros: set[str]) -> ForeignNode:
    """All states, or none: where one is not zeros, the other is a value that is needed."""
    places = [i for i in _states(node) if i < len(node.inputs) and node.inputs[i]]
    if not places or not all(node.inputs[i] in zeros for i in places):
        return node
    inputs = ["" if i in places else name for i, name in enumerate(node.inputs)]
    while inputs and not inputs[-1]:
        inputs.pop()
    return replace(node, inputs=tuple(inputs))
