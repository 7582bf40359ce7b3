"""`brightness(amount)`: more light, or less."""

from __future__ import annotations

from dataclasses import dataclass

from cnngraph.data.augmentation import Augmentation, between, floats, stored, within_one
from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Brightness(Augmentation):
    """All numbers times a factor from 1 - amount to 1 + amount.

    y = f x, within black and white.

    source: Howard, arXiv:1312.5402, section 2 (random brightness, contrast and colour).

    >>> import numpy as np
    >>> Brightness(0.5).apply(np.array([[[[100], [200]]]], np.uint8), np.array([[0.0]]))[0, :, :, 0]
    array([[ 50, 100]], dtype=uint8)
    """

    amount: float

    def __post_init__(self) -> None:
        within_one(self.amount)

    def apply(self, images: Array, numbers: Array) -> Array:
        lit = floats(images)
        lit *= between(1 - self.amount, 1 + self.amount, numbers)
        return stored(lit, images)
