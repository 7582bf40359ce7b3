"""`cutout(size)`: hide a square of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.augmentation import Augmentation, ceiling
from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Cutout(Augmentation):
    """A square of `size` pixels takes one `shade` from 0 (black) to 1; its centre is anywhere in the picture.

    y[r, c] = shade where |r - r0| and |c - c0| are within the square, else x[r, c].

    source: DeVries, Taylor, arXiv:1708.04552; with a part beyond the edge, as there.

    >>> Cutout(1, 1).apply(np.zeros((1, 2, 3, 1), np.uint8), np.array([[0.6, 0.0]]))[0, :, :, 0]
    array([[  0,   0,   0],
           [255,   0,   0]], dtype=uint8)
    """

    size: int
    shade: float = 0.0
    draws: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if self.size < 0 or not 0 <= self.shade <= 1:
            raise ValueError(f"size is at least 0 and shade from 0 to 1, not {self.size} and {self.shade}")

    def apply(self, images: Array, numbers: Array) -> Array:
        rows, columns = (self._hidden(images.shape[1 + axis], numbers[:, axis, None]) for axis in (0, 1))
        hidden = rows[:, :, None, None] & columns[:, None, :, None]  # (N, H, W, 1)
        shade = images.dtype.type(round(self.shade * ceiling(images)) if images.dtype == np.uint8 else self.shade)
        return np.where(hidden, shade, images)

    def _hidden(self, length: int, numbers: Array) -> Array:
        """Which rows or columns the square hides, (N, length), from numbers (N, 1)."""
        first = np.floor(numbers * length).astype(np.intp) - self.size // 2
        place = np.arange(length) - first
        hidden: Array = (place >= 0) & (place < self.size)
        return hidden
