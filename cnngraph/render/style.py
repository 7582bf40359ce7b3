"""How pictures look: three styles, light or dark, and a colour for each family of operators or for each device.

    styled("paper")              small and thin, for two columns of print
    styled("slide", dark=True)   large and bold, light on dark
    styled("plain")              black on white

Everything is written down for light ground; dark is the same with every lightness turned around (`colour.turned`). The
hues are those of Okabe and Ito, Color Universal Design, 2008, which the colour-blind tell apart, lightened so that text
stays readable on them. A family is read off what an operator does, so a new operator has its colour the day its file
appears.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input
from cnngraph.ir.types import TensorType
from cnngraph.ops.gradient import Gradient
from cnngraph.render.colour import grey, tint, turned

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#999999"
DARK_VERMILION = "#A84A00"  # for words
RED = "#C1121F"  # not of the eight: for what is gone or wrong, and never told by its colour alone
WHITE, INK, FAINT, BLACK = "#FFFFFF", "#333333", "#AAAAAA", "#000000"


# How strong each is was searched for: no two of them look less than 0.035 apart in Oklab, on light or dark ground, to
# eyes that lack one kind of cone; the paler ones are those that are seen most.
FAMILIES: Mapping[str, str] = {
    "input": WHITE,
    "convolution": tint(SKY, 0.18),
    "dense": tint(BLUE, 0.42),
    "pooling": tint(VERMILION, 0.34),
    "normalisation": tint(YELLOW, 0.34),
    "activation": tint(GREEN, 0.22),
    "reshape": tint(GREY, 0.46),
    "merge": WHITE,
    "loss": tint(ORANGE, 0.34),
    "gradient": tint(PURPLE, 0.62),
}
BLOCK_FILL = tint(GREY, 0.12)
BACKWARD_FILL = tint(PURPLE, 0.1)
DEVICES = (ORANGE, SKY, GREEN, YELLOW, PURPLE, BLUE, VERMILION, GREY)


@dataclass(frozen=True)
class Style:
    """How a picture looks. Sizes and widths are in points, distances in inches, colours those for light ground.

    text, small, title: letters in boxes; on arrows; of the headline. line, strong: thin lines, and those around blocks
    and repeats. arrow: how large its head is. padding: around the words of a box. apart, ranks: between boxes, and
    between their rows. margin: around all. direction: where arrows go unless one is asked for.
    """

    name: str
    font: str
    text: float
    small: float
    title: float
    line: float
    strong: float
    arrow: float
    padding: int
    apart: float
    ranks: float
    margin: float
    direction: Literal["TB", "LR"] = "TB"
    bold: bool = False
    coloured: bool = True
    dark: bool = False

    @property
    def ground(self) -> str:
        """The colour behind all."""
        return self._seen(WHITE)

    @property
    def ink(self) -> str:
        """The colour of words and lines."""
        return self._seen(INK if self.coloured else BLACK)

    def fill(self, colour: str) -> str:
        """A fill: without colours, a grey as light."""
        return self._seen(colour if self.coloured else grey(colour))

    def line_colour(self, colour: str) -> str:
        """The colour of a line, or of words in colour."""
        return self._seen(colour if self.coloured else grey(colour))

    def _seen(self, colour: str) -> str:
        return turned(colour) if self.dark else colour


STYLES: Mapping[str, Style] = {
    "paper": Style("paper", "Helvetica", 9, 8, 11, 0.6, 1.2, 0.5, 3, 0.2, 0.26, 0.04),
    "slide": Style("slide", "Helvetica", 18, 16, 26, 1.6, 3, 1.1, 8, 0.45, 0.5, 0.5, "LR", bold=True),
    "plain": Style("plain", "Helvetica", 12, 10, 18, 1, 2, 0.7, 5, 0.3, 0.35, 0.1, coloured=False),
}


def styled(name: str = "paper", dark: bool = False) -> Style:
    """One of the styles; E0108 where there is none of that name."""
    if name not in STYLES:
        raise error("E0108", f"there is no style `{name}`", f"styles: {', '.join(STYLES)}")
    return replace(STYLES[name], dark=dark)


def family_fills(dark: bool = False) -> Mapping[str, str]:
    """The fill of each family, for a page or a picture on light or dark ground."""
    return {name: styled(dark=dark).fill(colour) for name, colour in FAMILIES.items()}


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
