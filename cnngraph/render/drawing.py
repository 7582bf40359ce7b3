"""A picture as text in the DOT language: its boxes, frames and arrows in the colours and sizes of a style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import graphviz

from cnngraph.ir.graph import Graph
from cnngraph.render.caption import cells, frame_title, left_lines, shape_text, words_label
from cnngraph.render.labels import Labels
from cnngraph.render.outline import GRADIENT, lies_in
from cnngraph.render.parts import Arrow, Box, Cluster
from cnngraph.render.picture import Picture
from cnngraph.render.style import DARK_VERMILION, FAINT, PURPLE, RED, VERMILION, WHITE, Style, family
from cnngraph.render.titles import Room

INSIDE = 2.2  # paddings between a frame and what stands in it
POINTS_PER_INCH = 72
TOLD = 12  # nodes of a box that its tooltip lists
LOOKS = {
    "flow": {"weight": "4"},
    "skip": {"weight": "0"},
    "gradient": {"weight": "2", "dir": "back", "color": PURPLE},
    "saved": {"weight": "1", "minlen": "0", "color": FAINT, "style": "dashed"},
}
AGAIN_LOOK = {"color": VERMILION, "style": "solid"}  # the device has the value already
CUT_LOOK = {**AGAIN_LOOK, "fontcolor": DARK_VERMILION}
DOTS = "· · ·"


@dataclass(frozen=True)
class Drawing:
    """One picture. `rooms` are those of the titles of frames that arrows would cross otherwise."""

    graph: Graph
    picture: Picture
    labels: Labels
    direction: str
    title: str
    rooms: Mapping[str, Room] = field(default_factory=dict)

    @property
    def style(self) -> Style:
        return self.labels.view.style

    def with_rooms(self, rooms: Mapping[str, Room]) -> Drawing:
        """The same picture, with these rooms."""
        inside = [box.name for box in self.picture.root.boxes if rooms.get(identifier(box.name), Room()).inside]
        return replace(self, rooms=rooms, labels=replace(self.labels, inside=frozenset(inside)))

    def dot(self) -> graphviz.Digraph:
        """The text; the same for the same picture, character for character."""
        style = self.style
        dot = graphviz.Digraph(graphviz.escape(self.graph.name))
        headline = self.labels.headline(self.title) or words_label(self.title, style)
        dot.attr(rankdir=self.direction, label=headline, labelloc="t", fontname=style.font, fontsize=size(style.title))
        dot.attr(nodesep=size(style.apart), ranksep=size(style.ranks), pad=size(style.margin))
        dot.attr(bgcolor=style.ground, fontcolor=style.ink, tooltip=graphviz.escape(self.title))
        letters = {"fontname": style.font, "fontcolor": style.ink, "color": style.ink}
        dot.attr("node", shape="box", fontsize=size(style.text), penwidth=size(style.line), **letters)
        arrows = {"arrowsize": size(style.arrow), "penwidth": size(style.line)}
        dot.attr("edge", fontsize=size(style.small), **letters, **arrows)
        self._fill(dot, self.picture.root)
        for name, (source, ref) in self.picture.outputs.items():
            self._output(dot, name, source, f"{name} {shape_text(self.graph.type_of(ref))}")
        for arrow in self.picture.arrows:
            self._arrow(dot, arrow)
        self._beyond(dot)
        if legend := self.labels.legend():
            border = {"color": style.line_colour(FAINT), "margin": "0", "height": "0.1", "width": "0.1"}
            dot.node(f"legend of {legend.name}", legend.table, tooltip=legend.name, **border)
        return dot

    def _fill(self, dot: graphviz.Digraph, cluster: Cluster) -> None:
        style = self.style
        for part in cluster.parts:
            if isinstance(part, Box):
                self._box(dot, part)
                continue
            with dot.subgraph(name=identifier(f"cluster_{part.path}")) as inner:
                look = self.labels.frame(part)
                room = self.rooms.get(identifier(f"cluster_{part.path}"), Room())
                title = frame_title(look.title, look.bold, room.left, room.right)
                inner.attr(label=title, labelloc=room.corner[0], labeljust=room.corner[1])
                inner.attr(fontsize=size(style.text), fontcolor=style.ink)
                inner.attr(style="rounded,filled", fillcolor=style.fill(look.fill))
                inner.attr(color=style.line_colour(look.line), tooltip=graphviz.escape(part.path))
                width = style.strong if look.strong else style.line
                inner.attr(penwidth=size(width), margin=size(INSIDE * style.padding + room.around))
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
        style = self.style
        told = [self.labels.hint(node) for node in box.nodes[:TOLD]]
        kind = "block" if box.block or len(box.nodes) > 1 else family(self.graph, box.last)
        name, mark = identifier(box.name), self.labels.mark(box)
        look = {"tooltip": graphviz.escape("\n".join(told)), "height": "0.1", "width": "0.1"}
        if mark:
            look |= {"color": style.line_colour(mark.line), "penwidth": size(style.strong)}
        dashed = ",dashed" if mark and mark.dashed else ""
        fill = style.fill(self.labels.fill(box.last))
        if kind == "input":
            text = words_label(self.labels.fed(box.last), style)
            dot.node(name, text, style=f"rounded,filled{dashed}", fillcolor=fill, margin=_around(style), **look)
        elif kind == "merge":
            text = self.labels.merge(box)
            shape = "circle" if len(text) == 1 else "ellipse"
            look |= {"shape": shape, "margin": "0.02", "style": f"filled{dashed}", "fillcolor": fill}
            dot.node(name, words_label(text, style), **look)
        else:
            width = style.strong if mark or box.block or box.copies > 1 else style.line
            look |= {"penwidth": size(width), "margin": size(width / 2 / POINTS_PER_INCH)}  # the fills end at the line
            dot.node(name, cells(self.labels.rows(box), style), style=dashed.strip(","), **look)
        if note := self.labels.note(box):
            self._note(dot, name, note)

    def _note(self, dot: graphviz.Digraph, name: str, note: tuple[str, ...]) -> None:
        """What is to say about a box, beside it."""
        style, beside = self.style, f"{name} said"
        red = style.line_colour(RED)
        with dot.subgraph() as row:
            row.attr(rank="same")
            row.node(beside, left_lines(note, style), shape="note", color=red, penwidth=size(style.line), margin="0.08")
            row.edge(name, beside, color=red, style="dotted", arrowhead="none", weight="8")

    def _output(self, dot: graphviz.Digraph, name: str, source: str, text: str) -> None:
        end = identifier(f"output {name}")
        look = {"style": "rounded,filled", "fillcolor": self.style.fill(WHITE), "peripheries": "2"}
        dot.node(end, words_label(text, self.style), margin=_around(self.style), height="0.1", width="0.1", **look)
        dot.edge(identifier(source), end, weight="4")

    def _arrow(self, dot: graphviz.Digraph, arrow: Arrow) -> None:
        ends = identifier(arrow.source), identifier(arrow.target)
        look = dict(LOOKS[arrow.kind])
        text = self.labels.shape(arrow) if arrow.kind == "flow" else None
        label = words_label(f" {text}", self.style) if text else None
        if (cut := self.labels.cut(arrow)) is not None:
            look |= {**CUT_LOOK, "penwidth": size(3 * self.style.line)} if cut else AGAIN_LOOK
            label = "".join(f"{graphviz.escape(f'  {line}')}\\l" for line in cut) or None
        if marked := self.labels.arrow_look(arrow):
            look |= {**marked, "penwidth": size(self.style.strong)}
        if arrow.kind == "gradient":  # laid out from below, so that it stands beside what it differentiates
            ends = ends[1], ends[0]
        colours = {key: self.style.line_colour(look[key]) for key in ("color", "fontcolor") if key in look}
        dot.edge(*ends, label, **look | colours)

    def _beyond(self, dot: graphviz.Digraph) -> None:
        """Dots where the way comes from, and leads to, what is left out."""
        for side, names in (("before", self.picture.comes), ("behind", self.picture.goes)):
            for name in names:
                dots = f"{side} {identifier(name)}"
                dot.node(dots, DOTS, shape="plaintext", height="0.1", width="0.1", margin="0.02")
                dot.edge(*((dots, identifier(name)) if side == "before" else (identifier(name), dots)), weight="4")


def size(amount: float) -> str:
    """A size or a width as the DOT language takes it."""
    return f"{amount:.3g}"


def _around(style: Style) -> str:
    """The margin around the words of an input or an output, in inches."""
    return f"{size(1.5 * style.padding / POINTS_PER_INCH)},{size(style.padding / POINTS_PER_INCH)}"


def identifier(name: str) -> str:
    """A name as the DOT language takes it: colons would name a port, backslashes escape."""
    return name.replace("%", "%25").replace(":", "%3A").replace("\\", "%5C")
