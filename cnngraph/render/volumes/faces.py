"""The faces of a volume as areas on the page, and the words below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from cnngraph.render.colour import tint
from cnngraph.render.style import FAMILIES, GREY, Style
from cnngraph.render.volumes.layout import LINE, Place
from cnngraph.render.volumes.scene import Mark, Point, Shape, Text, circle, polygon
from cnngraph.render.volumes.solid import SIGN
from cnngraph.render.volumes.volume import Volume

TOP_LIGHT, SIDE_LIGHT = 0.35, 0.16  # how far the faces go to the ground, and to the ink
CUT_LIGHT = 0.3
FIRST_LINE = 11.0  # from the volume to the base line of its first words


@dataclass(frozen=True)
class Faces:
    """Draws one volume at its place in the colours of a style."""

    volume: Volume
    place: Place
    style: Style

    def marks(self) -> Iterator[Mark]:
        """From the back to the front."""
        if self.volume.sign:
            yield from self._sign()
        elif self.place.solid.form == "sheets":
            yield from self._sheets()
        else:
            yield from self._box()
        yield from self.words()

    def words(self) -> Iterator[Text]:
        x, y = self.place.x + self.place.solid.size[0] / 2, self.place.words + FIRST_LINE
        for i, line in enumerate(self.volume.words):
            yield Text(x, y + LINE * i, line, self.style.ink, bold=line == self.volume.title)

    @property
    def fill(self) -> str:
        return self.style.fill(FAMILIES.get(self.volume.family, tint(GREY, 0.2)))

    def _sign(self) -> Iterator[Mark]:
        x, y = self.place.x + SIGN, self.place.y + SIGN
        yield circle(x, y, SIGN, self.fill, self.style.ink, self.volume.hint)
        yield Text(x, y + 4.5, self.volume.sign, self.style.ink, 13.0)

    def _sheets(self) -> Iterator[Mark]:
        count = self.place.solid.cuts
        for i in reversed(range(count)):
            back = i / (count - 1) if count > 1 else 0.0
            yield self._area([(0, 0, back), (1, 0, back), (1, 1, back), (0, 1, back)], self.fill)

    def _box(self) -> Iterator[Mark]:
        top = mixed(self.fill, self.style.ground, TOP_LIGHT)
        side = mixed(self.fill, self.style.ink, SIDE_LIGHT)
        yield self._area([(0, 0, 0), (0, 0, 1), (1, 0, 1), (1, 0, 0)], top)
        yield self._area([(1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)], side)
        yield self._area([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], self.fill)
        yield from self._cuts()

    def _cuts(self) -> Iterator[Mark]:
        """Lines between the frames of a film or the positions of a matrix, and between what was put side by side."""
        solid, ends = self.place.solid, list(accumulate(self.volume.parts))[:-1]
        joined = [end / self.volume.channels for end in ends]
        faint = mixed(self.fill, self.style.ink, CUT_LIGHT)
        for u in [i / solid.cuts for i in range(1, solid.cuts)]:
            yield Shape(tuple(map(self._at, [(u, 1, 0), (u, 0, 0), (u, 0, 1)])), faint, width=0.5)
        for part in joined:  # channels go to the right in boxes, and upwards in all else
            across, down = [(part, 1, 0), (part, 0, 0), (part, 0, 1)], [(0, part, 0), (1, part, 0), (1, part, 1)]
            yield Shape(tuple(map(self._at, across if solid.form == "box" else down)), self.style.ink, width=0.6)

    def _area(self, corners: list[tuple[float, float, float]], fill: str) -> Shape:
        return polygon(list(map(self._at, corners)), fill, self.style.ink, self.volume.hint, 0.6)

    def _at(self, corner: tuple[float, float, float]) -> Point:
        x, y = self.place.solid.front(*corner)
        return self.place.x + x, self.place.y + y


def mixed(colour: str, other: str, part: float) -> str:
    """A colour with a part of another in it.

    >>> mixed("#FFFFFF", "#000000", 0.2)
    '#CCCCCC'
    """
    pairs = ((int(colour[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * part):02X}" for a, b in pairs)
