"""What stands in the boxes and on the arrows of a picture, and in which colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.size import number_text
from cnngraph.render.backward import gradient_rows
from cnngraph.render.caption import (
    Row,
    cells,
    full_text,
    merge_text,
    operator_text,
    shape_text,
    shortened,
    swatches,
)
from cnngraph.render.figures import Figures
from cnngraph.render.options import View
from cnngraph.render.outline import GRADIENT, lies_in
from cnngraph.render.overlay import Mark, Overlay
from cnngraph.render.parts import Arrow, Box, Cluster, box_parameters
from cnngraph.render.picture import Picture
from cnngraph.render.style import BACKWARD_FILL, BLOCK_FILL, FAINT, FAMILIES, GREY, WHITE, family

LONGEST_REMARK = 96
SWATCHES = 3  # families in one row


class Look(NamedTuple):
    """A frame: its title, its colour, that of its line, and whether that is strong."""

    title: str
    fill: str
    line: str
    strong: bool = False
    bold: bool = False


class Legend(NamedTuple):
    """What explains the colours: its name and an HTML-like table."""

    name: str
    table: str


@dataclass(frozen=True)
class Labels:
    """The text and the fill of each box and arrow of `picture`, coloured by family or by the kinds of an `overlay`.

    Colours are those for light ground; the drawing turns them around for dark.
    """

    graph: Graph
    picture: Picture
    view: View = field(default_factory=View)
    overlay: Overlay | None = None
    inside: frozenset[str] = frozenset()  # boxes that say their shape, because there is no room beside the arrow

    def rows(self, box: Box) -> list[Row]:
        """A box of rows: a title, its operators, and the shape of its result where no arrow says it."""
        if box.nodes[0].name in self.picture.backward:
            return self._gradient_rows(box)
        if box.block:
            return self._block_rows(box)
        rows = [Row(operator_text(node), self.fill(node)) for node in box.nodes]
        shape = [Row(shape_text(box.last.type), WHITE)] if self._says_shape(box) else []
        figures = [Row(text, WHITE) for text in self.figures.texts(box, self.view.measures)]
        return [*self._title(box, self.fill(box.nodes[0])), *rows, *shape, *figures]

    def fed(self, node: Node) -> str:
        """The text of an input."""
        return operator_text(node)

    def merge(self, box: Box) -> str:
        """The text of a merge: its title and sign, and its shape where no arrow says it."""
        text = f"{box.title} {merge_text(box.last)}".strip()
        shape = [shape_text(box.last.type)] if self._says_shape(box) else []
        return "\n".join([text, *shape, *self.figures.texts(box, self._of_merges)])

    def shape(self, arrow: Arrow) -> str | None:
        """The shape that travels, where the boxes do not say it: not into a merge, and only where it has changed."""
        source, target = self.boxes[arrow.source], self.boxes[arrow.target]
        if self._says_shape(source) or (_is_merge(self.graph, target) and not _is_merge(self.graph, source)):
            return None
        return shape_text(self.graph.type_of(arrow.refs[0])) if self._changes_shape(source) else None

    def headline(self, title: str) -> str | None:
        """The title with more below it, as an HTML-like label: the families where asked for; None where it says all."""
        told = self._families()
        return swatches(title, told, SWATCHES, self.view.style) if told else None

    def frame(self, cluster: Cluster) -> Look:
        """The look of a frame."""
        fill = BACKWARD_FILL if lies_in(cluster.path, GRADIENT) else BLOCK_FILL
        line = GREY if cluster.repeats else FAINT
        bold = cluster.repeats or self.view.style.bold
        return Look(cluster.title, fill if self.view.style.coloured else WHITE, line, cluster.repeats, bold)

    def legend(self) -> Legend | None:
        """The kinds with their colours; None where there are none."""
        if not self.overlay or not (kinds := self.overlay.legend()):
            return None
        rows = [Row(shortened(text, LONGEST_REMARK), fill) for text, fill in kinds]
        return Legend(self.overlay.title, cells([Row(self.overlay.title, WHITE, True), *rows], self.view.style, "LEFT"))

    def _families(self) -> list[tuple[str, str]]:
        """The families that are seen, each with its fill."""
        if not self.view.legend or not self.view.style.coloured or self.overlay:
            return []
        seen = {family(self.graph, node) for box in self.boxes.values() if not box.block for node in box.nodes}
        return [(name, fill) for name, fill in FAMILIES.items() if name in seen and fill != WHITE]

    def fill(self, node: Node) -> str:
        """The colour of a node: of its family, or of its kind."""
        mark = self.overlay.mark(node.name) if self.overlay else None
        plain = self.overlay.plain if self.overlay else None
        return mark.fill if mark else plain or self._family_fill(family(self.graph, node))

    def _family_fill(self, name: str) -> str:
        return FAMILIES[name] if self.view.style.coloured else WHITE

    def mark(self, box: Box) -> Mark | None:
        """The mark of a box, if all of it is of one kind."""
        marks = {self.overlay.mark(node.name) for node in box.nodes} if self.overlay else set()
        return marks.pop() if len(marks) == 1 else None

    def hint(self, node: Node) -> str:
        """The tooltip of a node."""
        hint = self.overlay.hints.get(node.name) if self.overlay else None
        return hint or full_text(self.graph, node)

    def cut(self, arrow: Arrow) -> list[str] | None:
        """What travels along an arrow between devices, in lines; None where nothing does."""
        return None

    def arrow_look(self, arrow: Arrow) -> Mapping[str, str]:
        """Attributes of an arrow that begins or ends at a node with a kind."""
        if not self.overlay:
            return {}
        readers = [n for n in self.boxes[arrow.target].nodes if set(n.inputs) & set(arrow.refs)]
        return self.overlay.arrow(arrow.refs[0].node, (readers or self.boxes[arrow.target].nodes)[0].name)

    def gradient_fill(self, box: Box) -> str:
        """The colour of a box of gradients."""
        return self._family_fill("gradient")

    def block_fills(self, box: Box) -> list[str]:
        """The colours of the rows of a block; the last one goes on."""
        marks = dict.fromkeys(self.overlay.mark(node.name) for node in box.nodes) if self.overlay else {}
        return [mark.fill for mark in marks if mark] or [BLOCK_FILL if self.view.style.coloured else WHITE]

    def block_texts(self, box: Box) -> list[str]:
        """What a block says below its name: its shape, and its parameters or what is asked for."""
        if self.view.measures:
            return [shape_text(self._result(box).type), *self.figures.texts(box, self.view.measures)]
        count = box_parameters(self.graph, box)
        parameters = [f"{number_text(count)} parameters"] if count else []
        return [shape_text(self._result(box).type), *parameters]

    def note(self, box: Box) -> tuple[str, ...]:
        """What is to say about a box, in lines, beside it."""
        notes = self.overlay.notes if self.overlay else {}
        return tuple(line for node in box.nodes for line in notes.get(node.name, ()))

    def _gradient_rows(self, box: Box) -> list[Row]:
        fill = self.gradient_fill(box)
        texts = [] if box.block else gradient_rows(box) or [operator_text(node) for node in box.nodes]
        return [*self._title(box, fill), *(Row(text, fill) for text in texts)]

    def _block_rows(self, box: Box) -> list[Row]:
        """A block as one box."""
        fills, texts = self.block_fills(box), [box.title, *self.block_texts(box)]
        return [Row(text, fills[min(i, len(fills) - 1)], bold=not i) for i, text in enumerate(texts)]

    def _title(self, box: Box, fill: str) -> list[Row]:
        return [Row(box.title, fill, bold=True)] if box.title else []

    def _result(self, box: Box) -> Node:
        """The last node of a block whose value leaves it."""
        own = {node.name for node in box.nodes}
        leaving = [n for n in box.nodes if any(user.name not in own for user in self.graph.users[n.name])]
        return leaving[-1] if leaving else box.last

    def _says_shape(self, box: Box) -> bool:
        """Whether the shape stands in the box itself: an input, a small block, a result that goes several ways."""
        forked = self._ways[box.name] > 1 and self._changes_shape(box)
        return box.block or forked or box.name in self.inside or family(self.graph, box.nodes[0]) == "input"

    def _changes_shape(self, box: Box) -> bool:
        before = self.graph.input_types(box.nodes[0])
        return _is_merge(self.graph, box) or (bool(before) and before[0] != box.last.type)

    @cached_property
    def figures(self) -> Figures:
        return Figures(self.graph)

    @cached_property
    def _of_merges(self) -> tuple[str, ...]:
        """A sum has no parameters worth a word, but it costs memory."""
        return tuple(name for name in self.view.measures if name in ("activations", "bytes"))

    @cached_property
    def _ways(self) -> Counter[str]:
        return Counter(arrow.source for arrow in self.picture.arrows if arrow.kind in ("flow", "skip"))

    @cached_property
    def boxes(self) -> Mapping[str, Box]:
        return {box.name: box for box in self.picture.root.boxes}


def _is_merge(graph: Graph, box: Box) -> bool:
    return not box.block and family(graph, box.last) == "merge"
