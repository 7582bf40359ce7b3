"""The filters of a convolution as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.examine.layers import kernel_of
from cnngraph.examine.mosaic import mosaic
from cnngraph.examine.scaling import enlargement
from cnngraph.ir.op import Array
from cnngraph.net import Net
from cnngraph.render.sheet import Sheet, Tile, sheet, spread01

MOST = 64  # filters, and channels of a filter, that are shown unless more are asked for
SIDE, SIDE_OF_MANY = 72, 144  # pixels of a small filter, of the channels of one


@dataclass(frozen=True, eq=False)
class Filters:
    """`kernels` (window..., channels, features) of a layer; those `chosen` are shown, with these `channels`."""

    name: str
    kernels: Array
    chosen: tuple[int, ...]
    channels: tuple[int, ...]

    def sheet(self, scale: int | None = None, columns: int | None = None) -> Sheet:
        """One tile for each filter, by its own largest weight: 0 is grey. Three channels are red, green and blue."""
        images = self.images()
        captions = [f"{i}: {np.abs(self.kernels[..., i]).max():.2g}" for i in self.chosen]
        tiles = [Tile(image, caption) for image, caption in zip(images, captions, strict=True)]
        title = f"{self.name}: {self}"
        side = SIDE if images[0].shape[:2] == self.kernels.shape[:2] else SIDE_OF_MANY
        return sheet(tiles, columns, scale or enlargement(images[0].shape, side), title)

    def images(self) -> list[Array]:
        """The filters as they are, a pixel for each weight."""
        return [self._image(i) for i in self.chosen]

    def _image(self, i: int) -> Array:
        kernel = self.kernels[..., i]  # (window..., C)
        top = float(np.abs(kernel).max())
        if kernel.ndim == 3 and kernel.shape[-1] == 3 and self.channels == (0, 1, 2):
            return spread01(kernel, top, signed=True)
        if kernel.ndim == 2:  # a sequence: time goes to the right, channels down
            return spread01(kernel[:, list(self.channels)].T, top, signed=True)
        slices = [spread01(plane, top, signed=True) for c in self.channels for plane in _planes(kernel[..., c])]
        return slices[0] if len(slices) == 1 else mosaic(slices, _across(kernel, len(self.channels)))

    def __str__(self) -> str:
        window = "x".join(map(str, self.kernels.shape[:-2]))
        shown = "" if len(self.chosen) == self.kernels.shape[-1] else f", {len(self.chosen)} shown"
        inputs = self.kernels.shape[-2]
        of = "" if len(self.channels) == inputs else f" ({len(self.channels)} shown)"
        return f"{self.kernels.shape[-1]} filters of {window}{shown}, {inputs} channels{of}"


def filters(
    net: Net, layer: str | None = None, chosen: Sequence[int] | None = None, channels: Sequence[int] | None = None
) -> Filters:
    """The filters of a layer (without one, of the first convolution), or those `chosen`, with all or some channels.

    The first 64 of each are chosen unless they are named. Raises E0101 for an unknown layer, E0705 for one without
    windows and for numbers that are none of its own.

    Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional networks, 2012, figure 3.
    """
    state = kernel_of(net.graph, layer)
    kernels = net.runner().states[state.name]
    inputs, features = kernels.shape[-2:]
    return Filters(
        state.name.removesuffix(".weight"), kernels,
        picked(chosen, features, f"filters of {state.name}"), picked(channels, inputs, f"channels of {state.name}"),
    )  # fmt: skip


def picked(chosen: Sequence[int] | None, count: int, what: str) -> tuple[int, ...]:
    """The numbers that are chosen, or the first ones. Raises E0705 where there is no such number."""
    if chosen is None:
        return tuple(range(min(count, MOST)))
    if not chosen or not all(0 <= i < count for i in chosen):
        raise error("E0705", f"there are {count} {what}, and not {', '.join(map(str, chosen))}", "they count from 0")
    return tuple(chosen)


def _planes(kernel: Array) -> list[Array]:
    """The slices (rows, columns) of a window of two or more axes."""
    return list(kernel.reshape(-1, *kernel.shape[-2:]))


def _across(kernel: Array, channels: int) -> int | None:
    """Slices in a row: all of a channel, where a window has more than two axes."""
    return None if kernel.ndim == 3 else int(np.prod(kernel.shape[:-3]))
