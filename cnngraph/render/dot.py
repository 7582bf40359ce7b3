"""A graph as a picture, in the DOT language of Graphviz. The only file that imports `graphviz`.

    save(graph, Path("googlenet.svg"))                       the whole network, as deep as stays readable
    save(graph, Path("one.png"), expand=["i3a"])             one block in full
    save(graph, Path("split.svg"), partition=partition)      a frame for each device, thick arrows where data travels

The same graph gives the same text, character for character.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypedDict, Unpack

import graphviz

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph
from cnngraph.partition.partition import Partition
from cnngraph.render.caption import shape_text, table
from cnngraph.render.divided import DeviceLabels, Divided
from cnngraph.render.engine import lay_out
from cnngraph.render.labels import Labels
from cnngraph.render.outline import GRADIENT, lies_in
from cnngraph.render.overlay import Overlay
from cnngraph.render.parts import Arrow, Box, Cluster
from cnngraph.render.picture import Picture, picture
from cnngraph.render.style import FAINT, INK, PURPLE, VERMILION, WHITE, family

FORMATS = ("svg", "png", "dot")
FONT = "Helvetica"
TOLD = 12  # nodes of a box that its tooltip lists
LOOKS = {
    "flow": {"weight": "4"},
    "skip": {"weight": "0"},
    "gradient": {"weight": "2", "dir": "back", "color": PURPLE},
    "saved": {"weight": "1", "minlen": "0", "color": FAINT, "style": "dashed"},
}
CUT_LOOK = {"penwidth": "3", "color": VERMILION, "fontcolor": VERMILION, "style": "solid"}
AGAIN_LOOK = {"color": VERMILION, "style": "solid"}  # the device has the value already


class Options(TypedDict, total=False):
    """What a picture shows.

    depth:     blocks that lie deeper are one box each; 0: only boxes; None (default): as deep as stays readable.
    expand:    paths of blocks to show in full; E0101 where one does not exist.
    direction: TB (downwards, default) or LR (to the right).
    partition: a frame and a colour for each of its devices, with a legend, and what travels between them.
    overlay:   colours nodes by their kind instead, with a legend.
    title:     stands above; default: the name of the graph.
    """

    depth: int | None
    expand: Collection[str]
    direction: str
    partition: Partition | None
    overlay: Overlay | None
    title: str | None


def draw(graph: Graph, **options: Unpack[Options]) -> graphviz.Digraph:
    """The picture of `graph`; its `source` is the text in the DOT language. Needs no engine."""
    direction, partition, overlay = options.get("direction", "TB"), options.get("partition"), options.get("overlay")
    if direction not in ("TB", "LR"):
        raise error("E0108", f"the direction of a picture is TB or LR, not {direction}")
    depth, expand, title = options.get("depth"), options.get("expand", ()), options.get("title")
    if partition is None:
        shown = picture(graph, depth, expand, overlay.kind_of if overlay else None)
        drawing = _Drawing(graph, shown, Labels(graph, shown, overlay))
    else:
        divided = Divided(partition)
        shown = divided.picture(depth, expand)
        drawing = _Drawing(divided.graph, shown, DeviceLabels(divided.graph, shown, divided=divided))
    return drawing.drawn(direction, graph.name if title is None else title)


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
    labels: Labels

    def drawn(self, direction: str, title: str) -> graphviz.Digraph:
        dot = graphviz.Digraph(graphviz.escape(self.graph.name))
        headline = self.labels.headline(title) or graphviz.escape(title)
        dot.attr(rankdir=direction, label=headline, labelloc="t", fontname=FONT, fontsize="18")
        dot.attr(nodesep="0.3", ranksep="0.35", tooltip=graphviz.escape(title))
        dot.attr("node", fontname=FONT, fontsize="12", color=INK, shape="plain")
        dot.attr("edge", fontname=FONT, fontsize="10", color=INK, fontcolor=INK, arrowsize="0.7")
        self._fill(dot, self.picture.root)
        for name, (source, ref) in self.picture.outputs.items():
            self._output(dot, name, source, f"{name} {shape_text(self.graph.type_of(ref))}")
        for arrow in self.picture.arrows:
            self._arrow(dot, arrow)
        if legend := self.labels.legend():
            dot.node(f"legend of {legend.name}", legend.table, tooltip=legend.name)
        return dot

    def _fill(self, dot: graphviz.Digraph, cluster: Cluster) -> None:
        for part in cluster.parts:
            if isinstance(part, Box):
                self._box(dot, part)
                continue
            with dot.subgraph(name=identifier(f"cluster_{part.path}")) as inner:
                look = self.labels.frame(part)
                inner.attr(label=look.title, labeljust="l", fontsize="12", fontcolor=INK)
                inner.attr(style="rounded,filled", fillcolor=look.fill, tooltip=graphviz.escape(part.path))
                inner.attr(color=look.line, penwidth=str(look.width))
                self._fill(inner, part)
        for lanes in self._lanes(cluster):
            with dot.subgraph() as row:
                row.attr(rank="same")
                for left, right in pairwise(lanes):
                    row.edge(identifier(left), identifier(right), style="invis")

    def _lanes(self, cluster: Cluster) -> list[list[str]]:
        """First boxes of the branches that leave one box into this block, in the order of the file."""
        own = {part.name for part in cluster.parts if isinstance(part, Box)}
        heads: dict[str, list[str]] = {}
        for arrow in self.picture.arrows:
            if arrow.kind == "flow" and arrow.target in own - self.picture.merges:
                heads.setdefault(arrow.source, []).append(arrow.target)
        return [lanes for lanes in heads.values() if len(lanes) > 1 and not self._is_loose(cluster)]

    def _is_loose(self, cluster: Cluster) -> bool:
        """Whether what stands in a cluster is not one block: the whole network, a device, its gradients."""
        return not cluster.title or lies_in(cluster.path, GRADIENT)

    def _box(self, dot: graphviz.Digraph, box: Box) -> None:
        told = [self.labels.hint(node) for node in box.nodes[:TOLD]]
        hint = graphviz.escape("\n".join(told))
        kind = "block" if box.block or len(box.nodes) > 1 else family(self.graph, box.last)
        look = {"fillcolor": self.labels.fill(box.last), "height": "0.3", "width": "0.3", "tooltip": hint}
        name, mark = identifier(box.name), self.labels.mark(box)
        if mark:
            look |= {"color": mark.line}
        if kind == "input":
            dot.node(name, graphviz.escape(self.labels.fed(box.last)), shape="box", style="rounded,filled", **look)
        elif kind == "merge":
            text = self.labels.merge(box)
            shape = "circle" if len(text) == 1 else "ellipse"
            style = "filled,dashed" if mark and mark.dashed else "filled"
            dot.node(name, graphviz.escape(text), shape=shape, style=style, margin="0.02", **look)
        else:
            width = 2 if mark or box.block or box.copies > 1 else 1
            border = mark.line if mark else INK
            dot.node(name, table(self.labels.rows(box), border, width, bool(mark and mark.dashed)), tooltip=hint)

    def _output(self, dot: graphviz.Digraph, name: str, source: str, text: str) -> None:
        end = identifier(f"output {name}")
        look = {"shape": "box", "style": "rounded,filled", "fillcolor": WHITE, "peripheries": "2"}
        dot.node(end, graphviz.escape(text), **look)
        dot.edge(identifier(source), end, weight="4")

    def _arrow(self, dot: graphviz.Digraph, arrow: Arrow) -> None:
        ends = identifier(arrow.source), identifier(arrow.target)
        look = dict(LOOKS[arrow.kind])
        text = self.labels.shape(arrow) if arrow.kind == "flow" else None
        label = graphviz.escape(f" {text}") if text else None
        if (cut := self.labels.cut(arrow)) is not None:
            look |= CUT_LOOK if cut else AGAIN_LOOK
            label = "".join(f"{graphviz.escape(f'  {line}')}\\l" for line in cut) or None
        look |= self.labels.arrow_look(arrow)
        if arrow.kind == "gradient":  # laid out from below, so that it stands beside what it differentiates
            ends = ends[1], ends[0]
        dot.edge(*ends, label, **look)


def identifier(name: str) -> str:
    """A name as the DOT language takes it: colons would name a port, backslashes escape."""
    return name.replace("%", "%25").replace(":", "%3A").replace("\\", "%5C")
