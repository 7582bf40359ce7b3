"""How volumes are joined: a window that looks at one unit, all that meets all, arrows, and skips above."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot

from cnngraph.render.style import Style
from cnngraph.render.volumes.faces import mixed
from cnngraph.render.volumes.grid import Pair
from cnngraph.render.volumes.layout import SMALL, TURN, Layout, Place
from cnngraph.render.volumes.scene import Mark, Point, Shape, Text, polygon, text_width
from cnngraph.render.volumes.volume import Volume

SPOTS = ((0.66, 0.36), (0.34, 0.64))  # where windows lie, in turn, so that two in one volume are apart
SEEN = 5.0  # points: a window is never drawn smaller
UNIT = 1.6  # half the side of a unit
HEAD, BARB = 5.0, 2.2  # length and half the width of an arrow's head
CURVE, NEAR = 14.0, 2.0  # width of the turns of a skip; room before and behind an arrow
LEAVES = 0.8  # of the height: where a link leaves to a lane below
FAINT = 0.45


@dataclass(frozen=True)
class Links:
    """Draws the links of a layout in the colours of a style."""

    layout: Layout
    style: Style

    def below(self) -> Iterator[Mark]:
        """What volumes hide: arrows and skips."""
        for pair in self.layout.shown.links:
            if not self.layout.has_window(pair):
                yield from self._fan(pair) if self._is_fan(pair) else self._arrow(pair)

    def above(self) -> Iterator[Mark]:
        """What lies upon volumes: windows, and the words beside them."""
        for pair in self.layout.shown.links:
            if self.layout.has_window(pair):
                yield from self._window(pair)

    def _is_fan(self, pair: Pair) -> bool:
        """Whether all of one meets all of the other: into a vector, or out of one into a map."""
        forms = [place.solid.form for place in self._places(pair)]
        is_full = self._volumes(pair)[1].family == "dense" or forms[0] != forms[1]
        return self.layout.grid.ways[pair] == "next" and "bar" in forms and "sign" not in forms and is_full

    def _fan(self, pair: Pair) -> Iterator[Mark]:
        source, target = self._places(pair)
        solid, line = source.solid, mixed(self.style.ground, self.style.ink, FAINT)
        back = 1.0 if solid.form == "box" else 0.0
        for v in (0.0, 1.0):
            start = _moved(source, solid.front(1, v, back))
            yield Shape((start, _moved(target, target.solid.front(0, v))), line, width=0.6)

    def _window(self, pair: Pair) -> Iterator[Mark]:
        """A window in one volume, and the lines from it to the unit that it makes, or is made of."""
        source, target = self._volumes(pair)
        seen, sees = self._places(pair)
        grows, ink = target.grows, self.style.ink
        spot = SPOTS[self.layout.grid.column[pair[1]] % 2]
        wide, unit = (sees, seen) if grows else (seen, sees)
        volume = target if grows else source
        corners = self._corners(volume, wide, target.kernel, spot, is_left=grows)
        at = _moved(unit, unit.solid.window_at(*spot) if grows else unit.solid.unit_at(*spot))
        yield polygon(corners, mixed(self.style.fill("#FFFFFF"), ink, 0.12), ink, target.window, 0.8)
        ends = sorted(corners, key=lambda point: _slope(point, at))
        for corner in (ends[0], ends[-1]):
            yield Shape((corner, at), ink, width=0.5)
        yield polygon(_square(at), ink, ink, width=0.3)
        yield self._said(pair, [(ends[0], at), (ends[-1], at)])

    def _corners(
        self, volume: Volume, place: Place, kernel: tuple[int, ...], spot: Point, is_left: bool
    ) -> list[Point]:
        """The corners of a window around a spot, at least so large that one sees it, at most the whole face."""
        solid = place.solid
        point = solid.unit_at if is_left else solid.window_at
        if solid.form == "matrix":
            across, down = kernel[0] / volume.positions[0], 1.0
            spot = spot[0], 0.5
        else:
            length = solid.rise if solid.form == "box" else solid.width
            across = max(kernel[-1] / volume.positions[-1], SEEN / length)
            down = max(kernel[-2] / volume.positions[-2], SEEN / solid.height)
        left, right = _around(spot[0], across)
        top, bottom = _around(spot[1], down)
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        return [_moved(place, point(u, v)) for u, v in corners]

    def _said(self, pair: Pair, rays: list[tuple[Point, Point]]) -> Text:
        """The size of a window above its rays; below them where another link leaves upwards."""
        words, middle = self._volumes(pair)[1].window, self._between(pair)
        half = text_width(words, SMALL) / 2
        heights = [_height(*ray, x) for ray in rays for x in (middle - half, middle + half)]
        lanes, ways = self.layout.grid.lane, self.layout.grid.ways
        others = (target for source, target in ways if source == pair[0] and ways[source, target] in ("late", "early"))
        is_below = any(lanes[other] < lanes[pair[0]] for other in others)
        return Text(middle, max(heights) + SMALL if is_below else min(heights) - 3, words, self.style.ink, SMALL)

    def _between(self, pair: Pair) -> float:
        """The middle of the room for words before the column of the target."""
        return sum(self.layout.gaps[self.layout.grid.column[pair[1]]]) / 2

    def _arrow(self, pair: Pair) -> Iterator[Mark]:
        points = self._points(pair)
        (x, y), (a, b) = points[-1], _towards(points[-2], points[-1])
        points[-1] = x - HEAD * a, y - HEAD * b
        barbs = [(x - HEAD * a + side * BARB * b, y - HEAD * b + side * BARB * a) for side in (1, -1)]
        yield Shape(tuple(points), self.style.ink, width=0.8, curved=True)
        yield polygon([(x, y), *barbs], self.style.ink, self.style.ink, width=0.3)

    def _points(self, pair: Pair) -> list[Point]:
        """The way of a link as Bezier curves."""
        source, target = self._places(pair)
        start, end = (source.right + NEAR, source.middle), (target.x - NEAR, target.middle)
        way = self.layout.grid.ways[pair]
        if way in ("late", "early"):
            start = _leaving(source, target)
        if way == "late":
            left = self.layout.columns[self.layout.grid.column[pair[1]]][0]
            bend, corner = (left - TURN, start[1]), (left - NEAR - HEAD, end[1])
            return [start, *_straight(start, bend), *_turn(bend, corner), *_straight(corner, end)]
        if way == "early":
            bend = self.layout.columns[self.layout.grid.column[pair[0]]][1] + TURN, end[1]
            corner = bend[0] - TURN, start[1]
            return [start, *_straight(start, corner), *_turn(corner, bend), *_straight(bend, end)]
        if way == "step":
            return self._step(pair)
        return [start, *_straight(start, end)] if way != "above" else self._over(pair)

    def _step(self, pair: Pair) -> list[Point]:
        """Down from below the words of the source, or up to below those of the target."""
        source, target = self._places(pair)
        x = target.x + target.solid.size[0] / 2
        if source.y < target.y:
            ends = (x, self.layout.foot(pair[0])), (x, target.y - NEAR)
        else:
            ends = (x, source.y - NEAR), (x, self.layout.foot(pair[1]))
        return [ends[0], *_straight(*ends)]

    def _over(self, pair: Pair) -> list[Point]:
        """Up from the source, along a track, and down to the target."""
        source, target = self._places(pair)
        y = self.layout.tracks[pair]
        first = source.x + 0.8 * source.solid.size[0], source.y - NEAR
        last = target.x - NEAR, target.middle
        sign = 1 if last[0] > first[0] else -1
        rising, falling = (first[0] + sign * CURVE, y), (last[0] - HEAD - CURVE, y)
        up = [(first[0], y + 0.4 * (first[1] - y)), (first[0] + sign * 4, y), rising]
        middle = last[0] - HEAD - 8
        down = [(middle, y), (middle, last[1]), last]
        return [first, *up, *_straight(rising, falling), *down]

    def _volumes(self, pair: Pair) -> tuple[Volume, Volume]:
        return self.layout.shown.by_name[pair[0]], self.layout.shown.by_name[pair[1]]

    def _places(self, pair: Pair) -> tuple[Place, Place]:
        return self.layout.places[pair[0]], self.layout.places[pair[1]]


def _leaving(source: Place, target: Place) -> Point:
    """Where a link to another lane leaves the right side of a volume: further down or up than other links."""
    if source.solid.form == "sign":
        return source.right, source.middle
    height = source.solid.size[1] * (LEAVES if target.y > source.y else 1 - LEAVES)
    return source.right - max(height - source.solid.height, 0.0), source.y + height


def _moved(place: Place, point: Point) -> Point:
    return place.x + point[0], place.y + point[1]


def _around(middle: float, length: float) -> tuple[float, float]:
    """A stretch around a middle within 0 to 1."""
    start = min(max(middle - length / 2, 0.0), max(1 - length, 0.0))
    return start, min(start + length, 1.0)


def _square(at: Point) -> list[Point]:
    x, y = at
    return [(x - UNIT, y - UNIT), (x + UNIT, y - UNIT), (x + UNIT, y + UNIT), (x - UNIT, y + UNIT)]


def _towards(start: Point, end: Point) -> Point:
    """The direction from one point to another, of length 1."""
    x, y = end[0] - start[0], end[1] - start[1]
    length = hypot(x, y) or 1.0
    return x / length, y / length


def _slope(point: Point, at: Point) -> float:
    return (point[1] - at[1]) / max(abs(at[0] - point[0]), 1e-6)


def _height(point: Point, at: Point, x: float) -> float:
    """The y of the line through two points at x."""
    part = (x - point[0]) / (at[0] - point[0]) if at[0] != point[0] else 0.0
    return point[1] + part * (at[1] - point[1])


def _straight(start: Point, end: Point) -> list[Point]:
    return [start, start, end]


def _turn(start: Point, end: Point) -> list[Point]:
    """An S from one height to another."""
    middle = (start[0] + end[0]) / 2
    return [(middle, start[1]), (middle, end[1]), end]
