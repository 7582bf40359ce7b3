"""Kinds of nodes in a picture: what is new, gone, changed or broken stands out, and the rest steps back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cnngraph.render.style import INK, WHITE


@dataclass(frozen=True)
class Mark:
    """How nodes of one kind look: the fill of their boxes, the colour of their borders and of some arrows.

    `arrows` are those between two nodes of the kind, those that lead into one, or all that begin or end at one.
    """

    fill: str
    line: str = INK
    dashed: bool = False
    arrows: Literal["none", "between", "into", "all"] = "between"

    def colours(self, leaves: bool, enters: bool) -> bool:
        """Whether an arrow that leaves, enters, or joins nodes of the kind has its colour."""
        return {"none": False, "between": leaves and enters, "into": enters, "all": leaves or enters}[self.arrows]


@dataclass(frozen=True)
class Overlay:
    """Kinds of nodes by name, and the mark of each kind, in the order of the legend.

    Nodes without a kind are filled with `plain`, or, where that is None, with the colour of their family. `notes` stand
    in lines beside nodes, `hints` are their tooltips; `remarks`, where there are any, take the place of the legend.
    """

    kind_of: Mapping[str, str]
    marks: Mapping[str, Mark]
    title: str
    plain: str | None = None
    hints: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def mark(self, node: str) -> Mark | None:
        return self.marks.get(self.kind_of.get(node, ""))

    def arrow(self, source: str, target: str) -> Mapping[str, str]:
        """The look of an arrow between two nodes, as attributes of the DOT language; empty: like any other."""
        first, last = self.mark(source), self.mark(target)
        for mark in (last, first):
            if mark is not None and mark.colours(first == mark, last == mark):
                look = {"color": mark.line}
                return look | {"style": "dashed"} if mark.dashed else look
        return {}

    def legend(self) -> list[tuple[str, str]]:
        """The remarks, or the kinds that occur, each with its fill."""
        kinds = [(kind, mark.fill) for kind, mark in self.marks.items() if kind in self.kind_of.values()]
        return [(remark, WHITE) for remark in self.remarks] or kinds
