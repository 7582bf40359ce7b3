"""`saturation(amount)`: stronger colours, or paler ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnngraph.data.augmentation import ColourChange, between, floats, stored, within_one
from cnngraph.ir.op import Array

LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Saturation(ColourChange):
    """The distance of each pixel from its grey, times a factor from 1 - amount to 1 + amount.

    y = f x + (1 - f) g with g = 0.299 red + 0.587 green + 0.114 blue; within black and white.

    source: Howard, arXiv:1312.5402, section 2; the weights of the grey are those of ITU-R BT.601.

    >>> Saturation(1).apply(np.array([[[[100, 0, 0]]]], np.uint8), np.array([[0.0]]))[0, 0]
    array([[30, 30, 30]], dtype=uint8)
    """

    amount: float

    def __post_init__(self) -> None:
        within_one(self.amount)

    def coloured(self, images: Array, numbers: Array) -> Array:
        factor = between(1 - self.amount, 1 + self.amount, numbers)  # (N, 1, 1, 1)
        changed = floats(images)
        red, green, blue = (changed[..., channel] * np.float32(LUMA[channel]) for channel in range(3))
        grey = (red + green + blue)[..., None]
        changed *= factor
        changed += (1 - factor) * grey
        return stored(changed, images)
