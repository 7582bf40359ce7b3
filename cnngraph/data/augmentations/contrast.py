"""`contrast(amount)`: further from the mean of the picture, or nearer to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnngraph.data.augmentation import Augmentation, between, floats, stored, within_one
from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Contrast(Augmentation):
    """The distance of all numbers from the mean of their picture, times a factor from 1 - amount to 1 + amount.

    y = f x + (1 - f) m, where m is the mean over all positions and channels; within black and white.

    source: Howard, arXiv:1312.5402, section 2 (random brightness, contrast and colour).

    >>> Contrast(0.5).apply(np.array([[[[100], [200]]]], np.uint8), np.array([[0.0]]))[0, :, :, 0]
    array([[125, 175]], dtype=uint8)
    """

    amount: float

    def __post_init__(self) -> None:
        within_one(self.amount)

    def apply(self, images: Array, numbers: Array) -> Array:
        factor = between(1 - self.amount, 1 + self.amount, numbers)  # (N, 1, 1, 1)
        means = [image.mean(dtype=np.float64) for image in images]  # each alone: the order of a sum is then its own
        changed = floats(images)
        changed *= factor
        changed += (1 - factor) * np.array(means, np.float32)[:, None, None, None]
        return stored(changed, images)
