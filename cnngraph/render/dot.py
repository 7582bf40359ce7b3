"""A graph as a picture, in the DOT language of Graphviz. The only file that imports `graphviz`.

    save(graph, Path("googlenet.svg"))                       the whole network, as deep as stays readable
    save(graph, Path("one.png"), expand=["i3a"])             one block in full
    save(graph, Path("split.svg"), partition=partition)      one colour for each device, thick arrows where data travels

The same graph gives the same text, character for character.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypedDict, Unpack

import graphviz

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.op import total_bytes
from cnngraph.render.backward import gradient_rows
from cnngraph.render.caption import (
    bytes_text,
    frame_title,
    full_text,
    merge_text,
    number_text,
    operator_text,
    shortened,
    table,
)
from cnngraph.render.engine import lay_out
from cnngraph.render.outline import GRADIENT
from cnngraph.render.parts import Arrow, Box, Cluster, box_parameters
from cnngraph.render.picture import Picture, picture
from cnngraph.render.style import FAINT, FAMILIES, GREY, INK, PURPLE, VERMILION, WHITE, device_colours, family, tint

FORMATS = ("svg", "png", "dot")
FONT = "Helvetica"
BLOCK_FILL = tint(GREY, 0.12)
BACKWARD_FILL = tint(PURPLE, 0.1)


class Placed(Protocol):
    """What a picture needs of a partition."""

    @property
    def device_of(self) -> Mapping[str, str]: ...


class Options(TypedDict, total=False):
    """What a picture shows.

    depth:     blocks that lie deeper are one box each; 0: only boxes; None (default): as deep as stays readable.
    expand:    paths of blocks to show in full; E0101 where one does not exist.
    direction: TB (downwards, default) or LR (to the right).
    partition: colours nodes by `device_of`, with a legend, and marks what travels between devices.
    title:     stands above; default: the name of the graph.
    """

    depth: int | None
    expand: Collection[str]
    direction: str
    partition: Placed | None
    title: str | None


def draw(graph: Graph, **options: Unpack[Options]) -> graphviz.Digraph:
    """The picture of `graph`; its `source` is the text in the DOT language. Needs no engine."""
    direction, partition, title = options.get("direction", "TB"), options.get("partition"), options.get("title")
    if direction not in ("TB", "LR"):
        raise error("E0108", f"the direction of a picture is TB or LR, not {direction}")
    devices = dict(partition.device_of) if partition else {}
    shown = picture(graph, options.get("depth"), options.get("expand", ()), devices)
    return _Drawing(graph, shown, devices).drawn(direction, graph.name if title is None else title)


def to_svg(graph: Graph, **options: Unpack[Options]) -> str:
    """The picture as SVG text; E0603 where no engine can draw it."""
    return lay_out(draw(graph, **options).source, "svg").decode()


def to_png(graph: Graph, **options: Unpack[Options]) -> bytes:
    """The picture as a PNG file; E0603 where no engine can draw it."""
    return lay_out(draw(graph, **options).source, "png")


def save(graph: Graph, path: str | Path, format: str | None = None, **options: Unpack[Options]) -> Path:
    """Write the picture to `path` as svg, png or dot; the format is that of the file's ending unless it is given."""
    path = Path(path)
    wanted = format or path.suffix.removeprefix(".")
    if wanted not in FORMATS:
        raise error("E0603", f"a picture cannot be written as `{wanted}`", f"formats: {', '.join(FORMATS)}")
    source = draw(graph, **options).source
    content = source.encode() if wanted == "dot" else lay_out(source, wanted)
    try:
        path.write_bytes(content)
    except OSError as cause:
        raise error("E0603", f"the picture cannot be written to {path}: {cause.strerror}") from None
    return path


@dataclass(frozen=True)
class _Drawing:
    graph: Graph
    picture: Picture
    device_of: Mapping[str, str]

    def drawn(self, direction: str, title: str) -> graphviz.Digraph:
        dot = graphviz.Digraph(graphviz.escape(self.graph.name) if self.graph.name else None)
        dot.attr(rankdir=direction, label=graphviz.escape(title), labelloc="t", fontname=FONT, fontsize="18")
        dot.attr(nodesep="0.3", ranksep="0.35", tooltip=graphviz.escape(title))
        dot.attr("node", fontname=FONT, fontsize="12", color=INK, shape="plain")
        dot.attr("edge", fontname=FONT, fontsize="10", color=INK, fontcolor=INK, arrowsize="0.7")
        self._fill(dot, self.picture.root)
        for name, (source, ref) in self.picture.outputs.items():
            text = graphviz.escape(f"{name} {self.graph.type_of(ref)}")
            dot.node(_output_name(name), text, shape="box", style="rounded,filled", fillcolor=WHITE, peripheries="2")
            dot.edge(source, _output_name(name), weight="4")
        for arrow in self.picture.arrows:
            self._arrow(dot, arrow)
        if self.device_of:
            self._legend(dot)
        return dot

    # ---- clusters and boxes ----

    def _fill(self, dot: graphviz.Digraph, cluster: Cluster) -> None:
        for part in cluster.parts:
            if isinstance(part, Box):
                self._box(dot, part)
                continue
            with dot.subgraph(name=f"cluster_{part.path}") as inner:
                fill = BACKWARD_FILL if part.path == GRADIENT else BLOCK_FILL
                inner.attr(label=frame_title(part.title, part.repeats), labeljust="l", fontsize="12", fontcolor=INK)
                inner.attr(style="rounded,filled", fillcolor=fill)
                inner.attr(color=GREY if part.repeats else FAINT, penwidth="2" if part.repeats else "1")
                inner.attr(tooltip=graphviz.escape(part.path))
                self._fill(inner, part)

    def _box(self, dot: graphviz.Digraph, box: Box) -> None:
        hint = graphviz.escape("\n".join(full_text(self.graph, node) for node in box.nodes[:12]))
        kind = family(self.graph, box.last)
        if not box.block and len(box.nodes) == 1 and kind in ("input", "merge"):
            self._round(dot, box, kind, hint)
            return
        rows = self._backward_rows(box) or (self._block_rows(box) if box.block else self._rows(box))
        dot.node(box.name, table(rows, INK, 2 if box.block else 1), tooltip=hint)

    def _round(self, dot: graphviz.Digraph, box: Box, kind: str, hint: str) -> None:
        if kind == "input":
            text, shape, margin = operator_text(box.last), "box", "0.15,0.05"
        else:
            lines = [f"{box.title} {merge_text(box.last)}".strip(), *([str(box.last.type)] * self._says_shape(box))]
            text, margin = "\n".join(lines), "0.02,0.02"
            shape = "circle" if len(text) == 1 else "ellipse"
        fill = self._fill_of(box.last)
        dot.node(
            box.name, graphviz.escape(text), shape=shape, style="rounded,filled" if shape == "box" else "filled",
            fillcolor=fill, margin=margin, height="0.3", width="0.3", tooltip=hint,
        )  # fmt: skip

    def _rows(self, box: Box) -> list[tuple[str, str, bool]]:
        title = [(box.title, self._fill_of(box.nodes[0]), True)] if box.title else []
        rows = [(operator_text(node), self._fill_of(node), False) for node in box.nodes]
        return [*title, *rows, *([(str(box.last.type), WHITE, False)] * self._says_shape(box))]

    def _backward_rows(self, box: Box) -> list[tuple[str, str, bool]]:
        """The gradients of a layer or a block."""
        if box.nodes[0].name not in self.picture.backward:
            return []
        fill = self._fill_of(box.nodes[0]) if self.device_of else FAMILIES["gradient"]
        title = [(box.title, fill, True)] if box.title else []
        texts = [] if box.block else gradient_rows(box) or [operator_text(node) for node in box.nodes]
        return [*title, *((text, fill, False) for text in texts)]

    def _block_rows(self, box: Box) -> list[tuple[str, str, bool]]:
        fills = list(dict.fromkeys(self._fill_of(node) for node in box.nodes)) if self.device_of else [BLOCK_FILL]
        texts = [(box.title, True), (str(self._result(box).type), False)]
        if count := box_parameters(self.graph, box):
            texts.append((f"{number_text(count)} parameters", False))
        used = [d for d in dict.fromkeys(self.device_of.get(n.name, "") for n in box.nodes) if d]
        if len(used) > 1:
            texts.append((shortened(f"on {', '.join(used)}"), False))
        return [(text, fills[min(i, len(fills) - 1)], bold) for i, (text, bold) in enumerate(texts)]

    def _result(self, box: Box) -> Node:
        """The last node of a block whose value leaves it."""
        own = {node.name for node in box.nodes}
        leaving = [n for n in box.nodes if any(user.name not in own for user in self.graph.users[n.name])]
        return leaving[-1] if leaving else box.last

    def _fill_of(self, node: Node) -> str:
        if not self.device_of:
            return FAMILIES[family(self.graph, node)]
        return self._colours.get(self.device_of.get(node.name, ""), WHITE)

    @cached_property
    def _colours(self) -> Mapping[str, str]:
        return device_colours(self.device_of[node.name] for node in self.graph if node.name in self.device_of)

    # ---- arrows ----

    def _arrow(self, dot: graphviz.Digraph, arrow: Arrow) -> None:
        cut = self._cut_bytes(arrow)
        if cut is not None:
            self._cut(dot, arrow, cut)
        elif arrow.kind == "gradient":  # laid out from below, so that it stands beside what it differentiates
            dot.edge(arrow.target, arrow.source, dir="back", weight="2", color=PURPLE)
        elif arrow.kind == "saved":
            dot.edge(arrow.source, arrow.target, color=FAINT, style="dashed", weight="1", minlen="0")
        elif arrow.kind == "skip":
            dot.edge(arrow.source, arrow.target, weight="0")
        else:
            dot.edge(arrow.source, arrow.target, self._shape_label(arrow), weight="4")

    def _cut(self, dot: graphviz.Digraph, arrow: Arrow, label: str) -> None:
        look = {"penwidth": "3", "color": VERMILION, "fontcolor": VERMILION, "weight": "0" if arrow.kind == "skip" else "2"}
        if arrow.kind == "gradient":
            dot.edge(arrow.target, arrow.source, f" {label}", dir="back", **look)
        else:
            dot.edge(arrow.source, arrow.target, f" {label}", **look)

    def _shape_label(self, arrow: Arrow) -> str | None:
        """The shape that travels, where the boxes do not say it: not into a merge, and only where it has changed."""
        source, target = self._boxes[arrow.source], self._boxes[arrow.target]
        if self._says_shape(source) or (self._is_merge(target) and not self._is_merge(source)):
            return None
        return f" {self.graph.type_of(arrow.refs[0])}" if self._changes_shape(source) else None

    def _says_shape(self, box: Box) -> bool:
        """Whether the shape stands in the box itself: an input, a small block, a result that goes several ways."""
        forked = self._ways[box.name] > 1 and self._changes_shape(box)
        return box.block or forked or family(self.graph, box.nodes[0]) == "input"

    def _changes_shape(self, box: Box) -> bool:
        before = self.graph.input_types(box.nodes[0])
        return self._is_merge(box) or (bool(before) and before[0] != box.last.type)

    def _is_merge(self, box: Box) -> bool:
        return not box.block and family(self.graph, box.last) == "merge"

    @cached_property
    def _ways(self) -> Counter[str]:
        return Counter(arrow.source for arrow in self.picture.arrows if arrow.kind in ("flow", "skip"))

    @cached_property
    def _boxes(self) -> Mapping[str, Box]:
        return {box.name: box for box in self.picture.root.boxes}

    def _cut_bytes(self, arrow: Arrow) -> str | None:
        """How much travels for one sample, where an arrow leads from one device to another."""
        nodes = self._boxes[arrow.target].nodes
        readers = {ref: node.name for node in nodes for ref in node.inputs}
        crossing = [ref for ref in arrow.refs if self._crosses(ref.node, readers.get(ref, nodes[0].name))]
        if not crossing:
            return None
        return bytes_text(total_bytes([self.graph.type_of(ref).bind(batch=1) for ref in crossing]))

    def _crosses(self, source: str, target: str) -> bool:
        devices = self.device_of.get(source), self.device_of.get(target)
        return None not in devices and devices[0] != devices[1]

    def _legend(self, dot: graphviz.Digraph) -> None:
        rows = [("devices", WHITE, True), *((name, fill, False) for name, fill in self._colours.items())]
        rows.append(("thick: bytes for one sample", WHITE, False))
        dot.node("legend", table(rows, FAINT), tooltip="devices")


def _output_name(name: str) -> str:
    return f"output {name}"
