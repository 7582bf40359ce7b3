"""A picture as values: lines, areas and words on a canvas, in points, y downwards. Writers turn it into files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]
Bounds: TypeAlias = tuple[float, float, float, float]
FONT_SIZE = 10.0
THIN, WIDE = "fijlrtI.,:;'|!()[]/ -", "mwMW@×+…"


@dataclass(frozen=True)
class Shape:
    """A line through `points`, or with a `fill` the area in it; `curved`: the points after the first are those of
    cubic Bezier curves, three for each. Colours are `#RRGGBB`; an empty one is not drawn. `hint` is its tooltip."""

    points: tuple[Point, ...]
    line: str = ""
    fill: str = ""
    width: float = 0.8
    dashed: bool = False
    curved: bool = False
    hint: str = ""

    @property
    def bounds(self) -> Bounds:
        """Left, top, right, bottom; no curve reaches beyond its points."""
        xs, ys = zip(*self.points, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True)
class Text:
    """Words on one line; (x, y) is the middle of their base line."""

    x: float
    y: float
    words: str
    colour: str
    size: float = FONT_SIZE
    bold: bool = False

    @property
    def bounds(self) -> Bounds:
        """Left, top, right, bottom, nearly."""
        half = text_width(self.words, self.size, self.bold) / 2
        return self.x - half, self.y - 0.78 * self.size, self.x + half, self.y + 0.22 * self.size


Mark: TypeAlias = Shape | Text


@dataclass(frozen=True)
class Scene:
    """Marks in the order in which they are drawn, on a canvas of one colour that begins at (0, 0).

    `told` says in words what is seen, for those who do not see it.
    """

    title: str
    width: float
    height: float
    ground: str
    marks: tuple[Mark, ...]
    told: str = ""

    @property
    def texts(self) -> tuple[Text, ...]:
        return tuple(mark for mark in self.marks if isinstance(mark, Text))

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple(mark for mark in self.marks if isinstance(mark, Shape))


def text_width(words: str, size: float = FONT_SIZE, bold: bool = False) -> float:
    """The width of a line in Helvetica, rather too large than too small.

    >>> text_width("6@28x28") < 45
    True
    """
    return sum(map(_letter_width, words)) * size * (1.08 if bold else 1.0)


def _letter_width(letter: str) -> float:
    if letter in THIN:
        return 0.32
    if letter in WIDE:
        return 0.95
    return 0.7 if letter.isupper() or ord(letter) > 255 else 0.56


def polygon(points: Sequence[Point], fill: str, line: str, hint: str = "", width: float = 0.8) -> Shape:
    """A closed area."""
    return Shape((*points, points[0]), line, fill, width, hint=hint)


def circle(x: float, y: float, radius: float, fill: str, line: str, hint: str = "") -> Shape:
    """A circle of four curves."""
    k = 0.5523 * radius
    corners = (
        (x + radius, y),
        *((x + radius, y + k), (x + k, y + radius), (x, y + radius)),
        *((x - k, y + radius), (x - radius, y + k), (x - radius, y)),
        *((x - radius, y - k), (x - k, y - radius), (x, y - radius)),
        *((x + k, y - radius), (x + radius, y - k), (x + radius, y)),
    )
    return Shape(corners, line, fill, curved=True, hint=hint)
