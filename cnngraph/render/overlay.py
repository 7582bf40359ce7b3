"""Kinds of nodes in a picture: what is new, gone, changed or broken stands out, and the rest steps back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cnngraph.render.style import INK


@dataclass(frozen=True)
class Mark:
    """How nodes of one kind look: the fill of their boxes, the colour of their borders and, on demand, of their arrows.

    `arrows` are those between two nodes of the kind; with `dashed`, all that begin or end at one of them.
    """

    fill: str
    line: str = INK
    arrows: bool = True
    dashed: bool = False


@dataclass(frozen=True)
class Overlay:
    """Kinds of nodes by name, and the mark of each kind, in the order of the legend.

    Nodes without a kind are filled with `plain`, or, where that is None, with the colour of their family. `hints` are
    added to the tooltips of nodes.
    """

    kind_of: Mapping[str, str]
    marks: Mapping[str, Mark]
    title: str
    plain: str | None = None
    hints: Mapping[str, str] = field(default_factory=dict)

    def mark(self, node: str) -> Mark | None:
        return self.marks.get(self.kind_of.get(node, ""))

    def arrow(self, source: str, target: str) -> Mapping[str, str]:
        """The look of an arrow between two nodes, as attributes of the DOT language; empty: like any other."""
        first, last = self.mark(source), self.mark(target)
        either = [mark for mark in (first, last) if mark and mark.dashed]
        mark = either[0] if either else first if first == last else None
        if mark is None or not mark.arrows:
            return {}
        look = {"color": mark.line, "fontcolor": mark.line, "penwidth": "2"}
        return look | {"style": "dashed"} if mark.dashed else look
