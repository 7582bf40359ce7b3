"""`scale(low, high)`: zoom into a picture, or out of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnngraph.data.augmentation import Augmentation
from cnngraph.data.sampling import sampled
from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Scale(Augmentation):
    """Enlarge about the centre by a factor from `low` to `high`, bilinear; the size stays, black where nothing was.

    y[p] = x[p / f] with p = (row, column) from the centre.

    source: Simonyan, Zisserman, arXiv:1409.1556, section 3.1 (scale jittering).

    >>> Scale(2, 2).apply(np.array([[[[0], [9], [9], [0]]]], np.uint8), np.array([[0.5]]))[0, :, :, 0]
    array([[7, 9, 9, 7]], dtype=uint8)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0.1 <= self.low <= self.high <= 10:
            raise ValueError(f"low and high are from 0.1 to 10, low first, not {self.low} and {self.high}")

    def apply(self, images: Array, numbers: Array) -> Array:
        factors = self.low + (self.high - self.low) * numbers[:, 0]  # (N,)
        return sampled(images, np.eye(2, 3) / factors[:, None, None])
