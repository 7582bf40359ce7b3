"""`shift(pixels)`: move a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.augmentation import Augmentation
from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Shift(Augmentation):
    """Move by up to `pixels` in each direction, black where nothing was.

    y[r, c] = x[r - dr, c - dc] with dr and dc from -pixels to pixels, whole numbers.

    source: Simard, Steinkraus, Platt: Best practices for convolutional neural networks, 2003, section 2.

    >>> Shift(1).apply(np.array([[[[1], [2]], [[3], [4]]]], np.uint8), np.array([[0.0, 0.5]]))[0, :, :, 0]
    array([[3, 4],
           [0, 0]], dtype=uint8)
    """

    pixels: int
    draws: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if self.pixels < 0:
            raise ValueError(f"pixels is at least 0, not {self.pixels}")

    def apply(self, images: Array, numbers: Array) -> Array:
        p = self.pixels
        count, height, width, _ = images.shape
        framed = np.pad(images, ((0, 0), (p, p), (p, p), (0, 0)))
        offset = 2 * p - np.floor(numbers * (2 * p + 1)).astype(np.intp)  # (N, 2): where the cut begins
        rows = offset[:, 0, None] + np.arange(height)  # (N, H)
        columns = offset[:, 1, None] + np.arange(width)  # (N, W)
        moved: Array = framed[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
        return moved
