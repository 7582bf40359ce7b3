"""What a unit sees of an image: the box that it could, and the part of it that counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.data.dataset import Preprocessing
from cnngraph.diagnostics import error
from cnngraph.examine.picture import Picture, picture_of
from cnngraph.examine.place import Box, field_box, image_shape, middle
from cnngraph.examine.probe import probe
from cnngraph.examine.scaling import enlargement
from cnngraph.ir.op import Array, rng
from cnngraph.net import Net
from cnngraph.render.glow import framed, glowing
from cnngraph.render.sheet import Sheet, Tile, sheet, spread01

DRAWN = 14  # the third part of the key: no other use of the seed has the same
COUNTS = 1 - 0.9545  # a pixel counts that has more than this part of the largest slope


@dataclass(frozen=True, eq=False)
class ReceptiveField:
    """`box` is what the unit at `position` of a layer can depend on; `slopes` (H, W) how much it does, on average."""

    picture: Picture
    layer: str
    position: tuple[int, ...]
    box: Box
    slopes: Array

    @property
    def extent(self) -> tuple[int, int]:
        """Rows and columns of the box, cut at the border of the image."""
        (top, bottom), (left, right) = self.box
        return bottom - top, right - left

    @property
    def effective(self) -> float:
        """The side of a square of as many pixels as have more than 4.55 % of the largest slope."""
        return float(np.sqrt((self.slopes > COUNTS * self.slopes.max()).sum())) if self.slopes.any() else 0.0

    def sheet(self, scale: int | None = None) -> Sheet:
        """The box on the image, and the slopes alone and over the image."""
        seen = self.picture.shown
        large = scale or enlargement(seen.shape)
        glow = framed(glowing(seen, self.slopes, False), self.box, large)
        height, width = self.extent
        tiles = [
            Tile(framed(seen, self.box, large), f"can see {height}x{width}"),
            Tile(framed(spread01(self.slopes, signed=False)[..., None], self.box, large), "|slope| by each pixel"),
            Tile(glow, f"sees about {self.effective:.1f}x{self.effective:.1f}"),
        ]
        place = f" at {','.join(map(str, self.position))}" if self.position else ""
        return sheet(tiles, 3, 1, f"Receptive field of {self.layer}{place}")

    def __str__(self) -> str:
        (top, bottom), (left, right) = self.box
        height, width = self.extent
        place = f" at {','.join(map(str, self.position))}" if self.position else ""
        box = f"rows {top} to {bottom - 1}, columns {left} to {right - 1}"
        return f"{self.layer}{place} sees {height}x{width}: {box}; effective {self.effective:.1f}x{self.effective:.1f}"


def receptive_field(
    net: Net,
    layer: str,
    position: Sequence[int] | None = None,
    *,
    image: Picture | Array | None = None,
    samples: int = 20,
    seed: int = 0,
    size: tuple[int, int] | None = None,
    preprocessing: Preprocessing | None = None,
) -> ReceptiveField:
    """What the unit at a position (the middle one without it) sees: the exact box, and |slope| by each pixel.

    Slopes are means over `samples` images of random numbers with deviation 1, of the unit's channels added with random
    weights. `image` (H, W, C) is drawn below. Raises E0101 for an unknown layer, E0705 for a wrong position.

    Luo, Li, Urtasun, Zemel: Understanding the effective receptive field, NIPS 2016, section 2 and 3.
    """
    if samples < 1:
        raise error("E0108", f"samples are 1 or more, not {samples}")
    found = probe(net, layer)
    given = None if image is None else picture_of(image, preprocessing)
    shape = image_shape(found.source, size) if given is None else given.values.shape
    numbers = rng(seed, 0, DRAWN)
    inputs = numbers.standard_normal((samples, *shape), np.float32)
    grid = found.values(inputs[:1]).shape[1:]
    place = middle(net, found.layer.name, shape) if position is None else tuple(position)
    box = field_box(net, found.layer.name, place, shape)
    weights = np.zeros((samples, *grid), np.float32)
    unit: tuple[slice | int, ...] = (slice(None), *place)
    weights[unit] = numbers.standard_normal((samples, grid[-1]), np.float32)
    slopes = np.abs(found.slopes(inputs, weights)).mean(axis=(0, 3))
    drawn = given or Picture(np.zeros(shape, np.float32), preprocessing)
    return ReceptiveField(drawn, found.layer.name, place, box, slopes)
