"""A scene as a PDF file of one page."""

from __future__ import annotations

from collections.abc import Iterator

from cnngraph.render.pdf import Pen, Piece, Stroke, document
from cnngraph.render.volumes.scene import Point, Scene, Shape, Text

DASHES = (3.0, 2.0)


def pdf(scene: Scene) -> bytes:
    """The bytes of the file; equal scenes give equal bytes."""
    pen = Pen()
    corners: tuple[Point, ...] = ((0, 0), (scene.width, 0), (scene.width, scene.height), (0, scene.height), (0, 0))
    for mark in (Shape(corners, fill=scene.ground), *scene.marks):
        if isinstance(mark, Text):
            font = "Helvetica-Bold" if mark.bold else "Helvetica"
            pen.words(mark.words, (mark.bounds[0], scene.height - mark.y), mark.size, mark.colour, font)
        else:
            stroke = Stroke(mark.line or None, mark.width, DASHES if mark.dashed else ())
            pen.shape(_pieces(mark, scene.height), mark.fill or None, stroke)
    return document(pen, (scene.width, scene.height), scene.title)


def _pieces(shape: Shape, height: float) -> Iterator[Piece]:
    first, *more = [(x, height - y) for x, y in shape.points]
    yield "move", (first,)
    for i in range(0, len(more), 3 if shape.curved else 1):
        yield ("curve", tuple(more[i : i + 3])) if shape.curved else ("line", (more[i],))
