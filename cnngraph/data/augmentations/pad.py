"""`pad(pixels)`: a black frame, from which `crop` then cuts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.augmentation import Augmentation, Shape
from cnngraph.ir.op import Array

MAX_PIXELS = 1024


@dataclass(frozen=True)
class Pad(Augmentation):
    """`pixels` of black on each side. `pad(4) -> crop(32)` are the pieces that networks for pictures of 32x32 learn.

    y[r, c] = x[r - pixels, c - pixels].

    source: He, Zhang, Ren, Sun, arXiv:1512.03385, section 4.2 (4 pixels, then a crop of 32x32).

    >>> Pad(1).apply(np.array([[[[5]]]], np.uint8), np.zeros((1, 0)))[0, :, :, 0]
    array([[0, 0, 0],
           [0, 5, 0],
           [0, 0, 0]], dtype=uint8)
    """

    pixels: int
    draws: ClassVar[int] = 0

    def __post_init__(self) -> None:
        if not 0 <= self.pixels <= MAX_PIXELS:
            raise ValueError(f"pixels is from 0 to {MAX_PIXELS}, not {self.pixels}")

    def apply(self, images: Array, numbers: Array) -> Array:
        p = self.pixels
        return np.pad(images, ((0, 0), (p, p), (p, p), (0, 0)))

    def shape(self, shape: Shape) -> Shape:
        height, width, channels = shape
        return height + 2 * self.pixels, width + 2 * self.pixels, channels
