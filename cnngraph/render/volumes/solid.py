"""Volumes as boxes in oblique projection: their lengths in points, and where their faces lie on the page.

    sheets   feature maps face the reader, one behind the other, as in LeNet-5's figure; where all have few channels
    boxes    channels to the right, width to the back, as in AlexNet's figure
    matrix   one position axis: positions to the right, channels upwards, as in the figure of time-delay networks
    bar      a vector

Lengths grow with the square root of sizes, so that 224x224x3 and 7x7x2048 stay readable in one picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod, sqrt
from typing import Literal, TypeAlias

from cnngraph.render.volumes.scene import Point
from cnngraph.render.volumes.volume import Volume

SIDE, BAR, MATRIX, SHEETS, CHANNELS = 130.0, 120.0, 110.0, 56.0, 90.0  # points of the largest of a picture
SMALL = 64  # a vector of fewer numbers is not drawn as long as the longest
LEAST = 5.0  # points of the smallest side
FEW_CHANNELS = 32  # networks with no more in any map are drawn as sheets
FEW_CUTS = 32  # of more parts the lines between them are not drawn
BACKWARDS = 0.38  # of the width, in boxes
SIGN = 9.0  # radius of a merge

Form: TypeAlias = Literal["sheets", "box", "matrix", "bar", "sign"]


@dataclass(frozen=True)
class Solid:
    """A box: its front has the size `width` x `height`, its back lies `rise` further right and further up.

    The left upper corner of the rectangle around it is (0, 0). `cuts` divide it: sheets from front to back, boxes
    (frames of a film) and matrices from left to right.
    """

    form: Form
    width: float
    height: float
    rise: float = 0.0
    cuts: int = 1

    @property
    def size(self) -> tuple[float, float]:
        """Of the rectangle around it."""
        return self.width + self.rise, self.height + self.rise

    def front(self, u: float, v: float, back: float = 0.0) -> Point:
        """The point at the parts `u` of the width and `v` of the height, moved to the back by a part of the rise."""
        return u * self.width + back * self.rise, self.rise * (1 - back) + v * self.height

    def window_at(self, u: float, v: float) -> Point:
        """The point (u, v) of the plane that windows slide over: the front, or the right side of a box."""
        return self.front(1, v, u) if self.form == "box" else self.front(u, v)

    def unit_at(self, u: float, v: float) -> Point:
        """The point (u, v) of the plane of units: the front, or the left side of a box, seen through it."""
        return self.front(0, v, u) if self.form == "box" else self.front(u, v)


@dataclass(frozen=True)
class Scale:
    """Points for sizes: the largest of a picture are as long as this file says."""

    side: float
    channels: float
    rows: float
    vector: int
    sheets: bool

    @staticmethod
    def of(volumes: Iterable[Volume]) -> Scale:
        """The scale that fits all volumes of a picture."""
        drawn = [volume for volume in volumes if not volume.sign]
        maps = [volume for volume in drawn if not volume.is_vector]
        side = max((max(volume.positions) for volume in maps), default=1)
        deep = max((_depth(volume) for volume in maps), default=1)
        rows = max((volume.channels for volume in maps if len(volume.positions) == 1), default=1)
        vector = max((volume.channels for volume in drawn if volume.is_vector), default=1)
        few = all(volume.channels <= FEW_CHANNELS and len(volume.positions) == 2 for volume in maps)
        return Scale(SIDE / sqrt(side), min(CHANNELS / sqrt(deep), 8.0), MATRIX / sqrt(rows), max(vector, SMALL), few)

    def solid(self, volume: Volume) -> Solid:
        """The box of a volume."""
        if volume.sign:
            return Solid("sign", 2 * SIGN, 2 * SIGN)
        if volume.is_vector:
            return Solid("bar", 8.0, max(BAR * sqrt(volume.channels / self.vector), 12.0), 5.0)
        if len(volume.positions) == 1:
            return self._matrix(volume)
        width, height = self._side(volume.positions[-1]), self._side(volume.positions[-2])
        if self.sheets:
            rise = SHEETS * sqrt((volume.channels - 1) / FEW_CHANNELS)
            return Solid("sheets", width, height, rise, volume.channels)
        deep = max(self.channels * sqrt(_depth(volume)), 3.0)
        return Solid("box", deep, height, BACKWARDS * width, _few(prod(volume.positions[:-2])))

    def _matrix(self, volume: Volume) -> Solid:
        height = max(self.rows * sqrt(volume.channels), 2 * LEAST)
        return Solid("matrix", self._side(volume.positions[0]), height, 4.0, _few(volume.positions[0]))

    def _side(self, positions: int) -> float:
        return max(self.side * sqrt(positions), LEAST)


def _depth(volume: Volume) -> int:
    """What lies one behind the other: channels, those of each frame of a film."""
    return volume.channels * prod(volume.positions[:-2])


def _few(cuts: int) -> int:
    return cuts if cuts <= FEW_CUTS else 1
