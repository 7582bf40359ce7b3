"""Volumes drawn: from a graph to marks on a canvas."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph
from cnngraph.render.outline import backward_nodes
from cnngraph.render.reader import told
from cnngraph.render.style import Style, styled
from cnngraph.render.volumes.faces import Faces
from cnngraph.render.volumes.layout import Layout, lay_out
from cnngraph.render.volumes.links import Links
from cnngraph.render.volumes.scene import Mark, Scene, Shape, Text, text_width
from cnngraph.render.volumes.volume import Group, volumes

MARGIN, HEADLINE = 12.0, 14.0
TICK = 4.0  # height of the ends of the line above the name of a block


def figure(
    graph: Graph, depth: int | None = None, expand: Collection[str] = (), dark: bool = False, title: str | None = None
) -> Scene:
    """The picture of the volumes of `graph`, as deep as `depth` (default: as stays readable), with a title if given.

    Errors: E0101 for a path in `expand` that is none; E0108 for a graph with its gradient, which has no volumes.
    """
    if backward_nodes(graph):
        raise error("E0108", "volumes show a network forward only", "styles paper, slide and plain draw gradients too")
    layout = lay_out(volumes(graph, depth, tuple(expand)))
    return replace(_Figure(layout, styled(dark=dark)).scene(graph.name, title), told=told(graph))


@dataclass(frozen=True)
class _Figure:
    layout: Layout
    style: Style

    def scene(self, name: str, title: str | None) -> Scene:
        marks = list(self._marks())
        left, top, right, bottom = _bounds(marks)
        if title:
            middle, half = (left + right) / 2, text_width(title, HEADLINE, True) / 2
            marks.append(Text(middle, top - HEADLINE, title, self.style.ink, HEADLINE, bold=True))
            left, right, top = min(left, middle - half), max(right, middle + half), top - 2 * HEADLINE
        moved = tuple(_moved(mark, MARGIN - left, MARGIN - top) for mark in marks)
        width, height = right - left + 2 * MARGIN, bottom - top + 2 * MARGIN
        return Scene(title or name, width, height, self.style.ground, moved)

    def _marks(self) -> Iterator[Mark]:
        links = Links(self.layout, self.style)
        yield from links.below()
        for item in self.layout.shown.items:
            yield from Faces(item, self.layout.places[item.name], self.style).marks()
        yield from links.above()
        yield from self._groups()

    def _groups(self) -> Iterator[Mark]:
        """A line with the name of each block below its volumes, where it meets no other's."""
        drawn: list[tuple[int, float, float]] = []
        for group in self.layout.shown.groups:
            lane = max(self.layout.grid.lane[name] for name in group.names)
            left, right = self._ends(group)
            if not any(lane == other and left < end and start < right for other, start, end in drawn):
                drawn.append((lane, left, right))
                yield from self._group(group, left, right, self._lowest(lane, left, right) + 5)

    def _group(self, group: Group, left: float, right: float, y: float) -> Iterator[Mark]:
        yield Shape(((left, y - TICK), (left, y), (right, y), (right, y - TICK)), self.style.ink, width=0.6)
        yield Text((left + right) / 2, y + 11, group.title, self.style.ink, bold=True)

    def _ends(self, group: Group) -> tuple[float, float]:
        columns = [self.layout.columns[self.layout.grid.column[name]] for name in group.names]
        left, right = min(left for left, _ in columns), max(right for _, right in columns)
        more = max(text_width(group.title, bold=True) - (right - left), 0.0) / 2
        return left - more, right + more

    def _lowest(self, lane: int, left: float, right: float) -> float:
        """The lower end of all words of a lane between two x."""
        found = []
        for item in self.layout.shown.items:
            start, end = self.layout.columns[self.layout.grid.column[item.name]]
            if self.layout.grid.lane[item.name] == lane and start < right and left < end:
                found.append(self.layout.words_end(item.name))
        return max(found) + TICK


def _bounds(marks: list[Mark]) -> tuple[float, float, float, float]:
    boxes = [mark.bounds for mark in marks]
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def _moved(mark: Mark, x: float, y: float) -> Mark:
    if isinstance(mark, Text):
        return replace(mark, x=mark.x + x, y=mark.y + y)
    return replace(mark, points=tuple((a + x, b + y) for a, b in mark.points))
