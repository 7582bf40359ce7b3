"""A scene in the DOT language: one node of the size of the canvas, and the scene as its background.

    https://graphviz.org/docs/outputs/canon/#xdot says how a background is written.
"""

from __future__ import annotations

import graphviz

from cnngraph.render.caption import without_backslash
from cnngraph.render.volumes.scene import Mark, Point, Scene, Text

INCH = 72.0


def xdot(scene: Scene) -> str:
    """The text of the graph."""
    dot = graphviz.Digraph(graphviz.escape(scene.title))
    background = " ".join(_mark(mark, scene.height) for mark in scene.marks)
    dot.attr(layout="nop", margin="0", pad="0", bgcolor=scene.ground, _background=background)
    size = {"width": f"{scene.width / INCH:.4f}", "height": f"{scene.height / INCH:.4f}"}
    middle = f"{scene.width / 2:.2f},{scene.height / 2:.2f}"
    dot.node("canvas", label="", shape="box", style="invis", fixedsize="true", pos=middle, **size)
    return str(dot.source)


def _mark(mark: Mark, height: float) -> str:
    if isinstance(mark, Text):
        font = "Helvetica-Bold" if mark.bold else "Helvetica"
        place = f"{_points([(mark.x, mark.y)], height)} 0 {mark.bounds[2] - mark.bounds[0]:.1f}"
        words = _string(without_backslash(mark.words))
        return f"c {_string(mark.colour)} F {mark.size:g} {_string(font)} T {place} {words}"
    style = f"S {_string(f'setlinewidth({mark.width:g})')} S {_string('dashed' if mark.dashed else 'solid')}"
    fill = f"C {_string(mark.fill)} " if mark.fill else ""
    kind = ("b" if mark.fill else "B") if mark.curved else ("P" if mark.fill else "L")
    points = f"{kind} {len(mark.points)} {_points(mark.points, height)}"
    return f"{style} c {_string(mark.line or mark.fill)} {fill}{points}"


def _points(points: tuple[Point, ...] | list[Point], height: float) -> str:
    return " ".join(f"{x:.1f} {height - y:.1f}" for x, y in points)


def _string(text: str) -> str:
    """A string with the number of its bytes before it."""
    return f"{len(text.encode())} -{text}"

