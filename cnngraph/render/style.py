"""Colours of a picture: one for each family of operators, or one for each device; all told apart by the colour-blind.

The hues are those of Okabe and Ito, Color Universal Design, 2008, lightened so that black text stays readable on them.
A family is read off what an operator does, so a new operator has its colour the day its file appears.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input
from cnngraph.ir.types import TensorType
from cnngraph.ops.gradient import Gradient

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#999999"
RED = "#C1121F"  # not of the eight: for what is gone or wrong, and never told by its colour alone
WHITE, INK, FAINT = "#FFFFFF", "#333333", "#AAAAAA"


def tint(colour: str, strength: float) -> str:
    """`colour` mixed with white; a strength of 1 leaves it as it is.

    >>> tint("#009E73", 0.5)
    '#80CEB9'
    """
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - (255 - c) * strength):02X}" for c in channels)


FAMILIES: Mapping[str, str] = {
    "input": WHITE,
    "convolution": tint(SKY, 0.45),
    "dense": tint(BLUE, 0.4),
    "pooling": tint(VERMILION, 0.35),
    "normalisation": tint(YELLOW, 0.4),
    "activation": tint(GREEN, 0.25),
    "reshape": tint(GREY, 0.25),
    "merge": WHITE,
    "loss": tint(ORANGE, 0.45),
    "gradient": tint(PURPLE, 0.3),
}
BLOCK_FILL = tint(GREY, 0.12)
BACKWARD_FILL = tint(PURPLE, 0.1)
DEVICES = (ORANGE, SKY, GREEN, YELLOW, PURPLE, BLUE, VERMILION, GREY)


def family(graph: Graph, node: Node) -> str:
    """The family of an operator, from what it declares and does to the shape of its first operand."""
    op, types = node.op, graph.input_types(node)
    if isinstance(op, Input):
        return "input"
    if isinstance(op, Gradient):
        return "gradient"
    if op.loss:
        return "loss"
    if op.counts_depth and not op.merges:
        return "convolution" if node.type.positions else "dense"
    if op.merges or len(operands(node)) > 1:
        return "merge"
    if len(types) > 1:
        return "normalisation"
    return _by_shape(node, types[0] if types else node.type)


def _by_shape(node: Node, before: TensorType) -> str:
    if before != node.type and before.elements == node.type.elements:
        return "reshape"
    if not _is_pointwise(node, before):
        return "pooling"
    return "activation" if before == node.type else "reshape"


def _is_pointwise(node: Node, before: TensorType) -> bool:
    rank = max(len(before.shape) - 2, 0)  # between the batch, which may be bound, and the channels
    seen = node.op.field_of_view(rank)
    return seen is not None and all(axis == (1, 1) for axis in seen)


def operands(node: Node) -> tuple[str, ...]:
    """Names of the nodes that feed the tensor operands (not the weights) of `node`."""
    count = len(node.inputs) if node.op.variadic else len(node.op.operands)
    return tuple(ref.node for ref in node.inputs[:count])


def device_colours(devices: Iterable[str]) -> Mapping[str, str]:
    """One light fill for each device, in order; from the ninth on the hues come back darker."""
    return {
        name: tint(DEVICES[i % len(DEVICES)], min(0.4 + 0.3 * (i // len(DEVICES)), 1.0))
        for i, name in enumerate(dict.fromkeys(devices))
    }
