"""What stands in the boxes and on the arrows of a picture, and in which colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import total_bytes
from cnngraph.ir.size import number_text
from cnngraph.render.backward import gradient_rows
from cnngraph.render.caption import Row, merge_text, operator_text, shape_text, shortened, size_text
from cnngraph.render.overlay import Mark, Overlay
from cnngraph.render.parts import Arrow, Box, box_parameters
from cnngraph.render.picture import Picture
from cnngraph.render.style import BLOCK_FILL, FAMILIES, WHITE, device_colours, family

LONGEST_REMARK = 96


@dataclass(frozen=True)
class Labels:
    """The text and the fill of each box and arrow of `picture`; coloured by device where `device_of` is not empty,
    or by the kinds of an `overlay`."""

    graph: Graph
    picture: Picture
    device_of: Mapping[str, str]
    overlay: Overlay | None = None

    def rows(self, box: Box) -> list[Row]:
        """A box of rows: a title, its operators, and the shape of its result where no arrow says it."""
        if box.nodes[0].name in self.picture.backward:
            return self._gradient_rows(box)
        if box.block:
            return self._block_rows(box)
        rows = [Row(operator_text(node), self.fill(node)) for node in box.nodes]
        shape = [Row(shape_text(box.last.type), WHITE)] if self._says_shape(box) else []
        notes = self.overlay.notes if self.overlay else {}
        noted = [Row(shortened(notes[node.name], LONGEST_REMARK), WHITE) for node in box.nodes if node.name in notes]
        return [*self._title(box, self.fill(box.nodes[0])), *rows, *shape, *noted]

    def merge(self, box: Box) -> str:
        """The text of a merge: its title and sign, and its shape where no arrow says it."""
        text = f"{box.title} {merge_text(box.last)}".strip()
        return f"{text}\n{shape_text(box.last.type)}" if self._says_shape(box) else text

    def shape(self, arrow: Arrow) -> str | None:
        """The shape that travels, where the boxes do not say it: not into a merge, and only where it has changed."""
        source, target = self._boxes[arrow.source], self._boxes[arrow.target]
        if self._says_shape(source) or (_is_merge(self.graph, target) and not _is_merge(self.graph, source)):
            return None
        return shape_text(self.graph.type_of(arrow.refs[0])) if self._changes_shape(source) else None

    def cut(self, arrow: Arrow) -> str | None:
        """What travels along an arrow from device to device: its bytes, once for each value and device; None: it stays.

        The bytes are those of one sample, unless the batch is bound.
        """
        return self._cuts.get((arrow.source, arrow.target))

    def legend(self) -> list[Row]:
        """The devices or the kinds with their colours; nothing where there are none."""
        if self.overlay:
            rows = [Row(shortened(text, LONGEST_REMARK), fill) for text, fill in self.overlay.legend()]
            return [Row(self.overlay.title, WHITE, True), *rows] if rows else []
        if not self.device_of:
            return []
        each = "for one sample" if "batch" in self.graph.symbols else "in one run"
        devices = [Row(name, fill) for name, fill in self._colours.items()]
        return [Row("devices", WHITE, True), *devices, Row(f"thick: bytes {each}", WHITE)]

    def fill(self, node: Node) -> str:
        """The colour of a node: of its family, of its device, or of its kind."""
        if self.overlay:
            mark = self.overlay.mark(node.name)
            return mark.fill if mark else self.overlay.plain or FAMILIES[family(self.graph, node)]
        if not self.device_of:
            return FAMILIES[family(self.graph, node)]
        return self._colours.get(self.device_of.get(node.name, ""), WHITE)

    def mark(self, box: Box) -> Mark | None:
        """The mark of a box, if all of it is of one kind."""
        marks = {self.overlay.mark(node.name) for node in box.nodes} if self.overlay else set()
        return marks.pop() if len(marks) == 1 else None

    def hint(self, node: Node) -> str:
        """What the tooltip of a node says instead of its operator and shapes."""
        return self.overlay.hints.get(node.name, "") if self.overlay else ""

    def arrow_look(self, arrow: Arrow) -> Mapping[str, str]:
        """Attributes of an arrow that begins or ends at a node with a kind."""
        if not self.overlay:
            return {}
        readers = [n for n in self._boxes[arrow.target].nodes if set(n.inputs) & set(arrow.refs)]
        return self.overlay.arrow(arrow.refs[0].node, (readers or self._boxes[arrow.target].nodes)[0].name)

    def _gradient_rows(self, box: Box) -> list[Row]:
        fill = self.fill(box.nodes[0]) if self.device_of else FAMILIES["gradient"]
        texts = [] if box.block else gradient_rows(box) or [operator_text(node) for node in box.nodes]
        return [*self._title(box, fill), *(Row(text, fill) for text in texts)]

    def _block_rows(self, box: Box) -> list[Row]:
        """A block as one box: name, shape, parameters; where it stands on several devices, their colours and names."""
        devices = list(dict.fromkeys(self.device_of.get(node.name, "") for node in box.nodes))
        fills = [self._colours.get(device, WHITE) for device in devices] if self.device_of else [BLOCK_FILL]
        if self.overlay:
            marks = dict.fromkeys(self.overlay.mark(node.name) for node in box.nodes)
            fills = [mark.fill for mark in marks if mark] or fills
        texts = [box.title, shape_text(self._result(box).type)]
        if count := box_parameters(self.graph, box):
            texts.append(f"{number_text(count)} parameters")
        if len(devices) > 1:
            texts.append(shortened(f"on {', '.join(filter(None, devices))}"))
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
        return box.block or forked or family(self.graph, box.nodes[0]) == "input"

    def _changes_shape(self, box: Box) -> bool:
        before = self.graph.input_types(box.nodes[0])
        return _is_merge(self.graph, box) or (bool(before) and before[0] != box.last.type)

    @cached_property
    def _cuts(self) -> Mapping[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        sent: set[tuple[Ref, str]] = set()
        for arrow in self.picture.arrows if self.device_of else ():
            nodes = self._boxes[arrow.target].nodes
            readers = {ref: node.name for node in nodes for ref in node.inputs}
            to = {ref: self.device_of.get(readers.get(ref, nodes[0].name), "") for ref in arrow.refs}
            crossing = {(ref, device) for ref, device in to.items() if device != self.device_of.get(ref.node, device)}
            if crossing:
                total = total_bytes([self.graph.type_of(ref).bind(batch=1) for ref, _ in crossing - sent])
                found[arrow.source, arrow.target] = size_text(total) if total else ""
                sent |= crossing
        return found

    @cached_property
    def _ways(self) -> Counter[str]:
        return Counter(arrow.source for arrow in self.picture.arrows if arrow.kind in ("flow", "skip"))

    @cached_property
    def _boxes(self) -> Mapping[str, Box]:
        return {box.name: box for box in self.picture.root.boxes}

    @cached_property
    def _colours(self) -> Mapping[str, str]:
        return device_colours(self.device_of[node.name] for node in self.graph if node.name in self.device_of)


def _is_merge(graph: Graph, box: Box) -> bool:
    return not box.block and family(graph, box.last) == "merge"
