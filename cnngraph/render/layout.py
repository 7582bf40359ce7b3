"""Where an engine has put everything: the words and the lines of a picture, read off its JSON.

Lengths are in points, upwards is positive.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from cnngraph.render.engine import lay_out

Point = tuple[float, float]

ASCENT, DESCENT = 0.72, 0.21  # of the capital letters, and below the line, in sizes of the font
STEPS = 32  # straight pieces of a curve


class Words(NamedTuple):
    """A text and the rectangle that it fills."""

    text: str
    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    def holds(self, point: Point) -> bool:
        return self.left < point[0] < self.right and self.bottom < point[1] < self.top


class Frame(NamedTuple):
    """The borders of a block."""

    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True)
class Line:
    """An arrow: the objects it joins, the points along it, and the words beside it."""

    source: str
    target: str
    points: tuple[Point, ...]
    words: tuple[Words, ...]


@dataclass(frozen=True)
class Layout:
    """What the engine said: objects (boxes and frames) and edges, with the operations that draw them."""

    data: Mapping[str, Any]

    @cached_property
    def words(self) -> Mapping[str, tuple[Words, ...]]:
        """What stands in each box, and on each frame."""
        return {item["name"]: tuple(words_of(item)) for item in self.data.get("objects", ())}

    @cached_property
    def middles(self) -> Mapping[str, Point]:
        """Where each box is."""
        places = {item["name"]: item["pos"].split(",") for item in self.data.get("objects", ()) if "pos" in item}
        return {name: (float(place[0]), float(place[1])) for name, place in places.items()}

    @cached_property
    def frames(self) -> Mapping[str, Frame]:
        """The borders of each frame."""
        framed = [item for item in self.data.get("objects", ()) if "bb" in item]
        return {item["name"]: Frame(*map(float, item["bb"].split(","))) for item in framed}

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """All arrows that are seen."""
        names = [item["name"] for item in self.data.get("objects", ())]
        seen = [edge for edge in self.data.get("edges", ()) if edge.get("style") != "invis"]
        return tuple(
            Line(names[edge["tail"]], names[edge["head"]], tuple(_points(edge)), tuple(words_of(edge))) for edge in seen
        )

    @property
    def size(self) -> Point:
        """Width and height, without the margin."""
        left, bottom, right, top = map(float, self.data["bb"].split(","))
        return right - left, top - bottom


def laid_out(source: str) -> Layout:
    """The layout of a text in the DOT language. Errors: E0603."""
    return Layout(json.loads(lay_out(source, "json")))


def words_of(item: Mapping[str, Any]) -> Iterator[Words]:
    """The words of a box, a frame or an arrow."""
    size = 0.0
    for step in item.get("_ldraw_", ()):
        if step["op"] == "F":
            size = step["size"]
        elif step["op"] == "T":
            (x, y), width = step["pt"], step["width"]
            left = x - width * {"l": 0, "c": 0.5, "r": 1}[step["align"]]
            yield Words(step["text"], left, y - DESCENT * size, left + width, y + ASCENT * size)


def _points(edge: Mapping[str, Any]) -> Iterator[Point]:
    for step in edge.get("_draw_", ()):
        if step["op"] == "b":
            for start in range(0, len(step["points"]) - 3, 3):
                yield from _bezier(step["points"][start : start + 4])


def _bezier(corners: Sequence[Sequence[float]]) -> Iterator[Point]:
    """Points along a cubic curve."""
    for k in range(STEPS + 1):
        t = k / STEPS
        shares = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        x, y = (sum(share * corner[axis] for share, corner in zip(shares, corners, strict=True)) for axis in (0, 1))
        yield x, y


def between(points: Sequence[Point], bottom: float, top: float) -> tuple[float, float] | None:
    """The left and right end of the part of a line that lies between two heights; None where nothing does."""
    heights = [y for _, y in points]
    if max(heights) < bottom or min(heights) > top:
        return None
    found = []
    for (x, y), (next_x, next_y) in pairwise(points):
        if min(y, next_y) < top and max(y, next_y) > bottom:
            found += [x, next_x]
    return (min(found), max(found)) if found else None
