"""The feature maps of a layer: what each channel says of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.data.dataset import Preprocessing
from cnngraph.diagnostics import error
from cnngraph.examine.kernels import picked
from cnngraph.examine.mosaic import mosaic
from cnngraph.examine.picture import Picture, picture_of
from cnngraph.examine.probe import probe
from cnngraph.examine.scaling import enlargement
from cnngraph.ir.op import Array
from cnngraph.net import Net
from cnngraph.render.sheet import Sheet, Tile, sheet, spread01

SIDE = 96  # pixels of a small map


@dataclass(frozen=True, eq=False)
class Maps:
    """`values` (positions..., C) of a layer for one picture; the channels that are `chosen` are shown."""

    picture: Picture
    layer: str
    values: Array
    chosen: tuple[int, ...]

    def sheet(self, scale: int | None = None, columns: int | None = None, apart: bool = False) -> Sheet:
        """The picture, then one tile for each channel; with `apart` each by its own largest value.

        0 is black, or grey where a value of the layer is negative. A vector is a row of squares, folded; a sequence one
        image, time to the right and channels down; a film shows its slices beside each other.
        """
        tiles = self.tiles(apart)
        shape = tiles[0].image.shape
        large = scale or enlargement(shape, SIDE)
        seen = self.picture.shown
        fit = max(1, round(shape[0] * large / seen.shape[0]))
        original = Tile(seen.repeat(fit, 0).repeat(fit, 1), self.picture.name or "picture")
        enlarged = [Tile(t.image.repeat(large, 0).repeat(large, 1), t.caption) for t in tiles]
        return sheet([original, *enlarged], columns, 1, f"{self.layer}: {self}")

    def tiles(self, apart: bool = False) -> list[Tile]:
        """The channels as they are, a pixel for each value."""
        chosen = self.values[..., list(self.chosen)]
        top, signed = float(np.abs(chosen).max()), bool((chosen < 0).any())
        if chosen.ndim < 3:
            image = spread01(chosen, top, signed)
            return [Tile(_folded(image), "") if chosen.ndim == 1 else Tile(image.T, "time to the right")]
        found = []
        for i, c in enumerate(self.chosen):
            planes = chosen[..., i].reshape(-1, *chosen.shape[-3:-1])
            slices = [spread01(plane, float(np.abs(planes).max()) if apart else top, signed) for plane in planes]
            found.append(Tile(mosaic(slices, len(slices)), f"{c}: {planes.max():.2g}"))
        return found

    def __str__(self) -> str:
        *positions, channels = self.values.shape
        shape = f"{channels}@{'x'.join(map(str, positions))}" if positions else f"{channels}"
        zeros = float((self.values == 0).mean())
        shown = "" if len(self.chosen) == channels else f", {len(self.chosen)} channels shown"
        return f"{shape}, from {self.values.min():.3g} to {self.values.max():.3g}, {zeros:.0%} zeros{shown}"


def maps(
    net: Net,
    layer: str,
    image: Picture | Array,
    chosen: Sequence[int] | None = None,
    preprocessing: Preprocessing | None = None,
) -> Maps:
    """What a layer says of an image (H, W, C); of its channels the first 64 are shown unless others are chosen.

    Raises E0101 for an unknown layer, E0702 where more than one picture leads to it, E0705 for wrong channels.
    """
    picture = picture_of(image, preprocessing)
    found = probe(net, layer)
    values = found.values(picture.values[None])[0]
    if values.ndim > 4:
        raise error("E0705", f"{found.layer.name} is {found.layer.type}: more axes than a picture can show")
    if chosen is None and values.ndim < 3:
        chosen = range(values.shape[-1])
    return Maps(picture, found.layer.name, values, picked(chosen, values.shape[-1], f"channels of {found.layer.name}"))


def _folded(row: Array) -> Array:
    """A row of values as a rectangle about as wide as high, a square of 3x3 pixels for each value."""
    return mosaic([np.full((3, 3), value, np.uint8) for value in row])
