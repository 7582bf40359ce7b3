"""`noise(deviation)`: a normal number at each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnngraph.data.augmentation import Augmentation, ceiling, floats, stored
from cnngraph.ir.op import Array, rng


@dataclass(frozen=True)
class Noise(Augmentation):
    """Add normal numbers with this `deviation`, where white is 1.

    y = x + e with e normal, anew for each pixel and channel; within black and white.

    source: Bishop: Training with noise is equivalent to Tikhonov regularization, Neural Computation 7, 1995.

    >>> Noise(0.1).apply(np.full((1, 2, 2, 1), 0.5, np.float32), np.array([[0.25]]))[0, :, :, 0].round(2)
    array([[0.67, 0.28],
           [0.38, 0.54]], dtype=float32)
    """

    deviation: float

    def __post_init__(self) -> None:
        if not 0 <= self.deviation <= 1:
            raise ValueError(f"deviation is from 0 to 1, not {self.deviation}")

    def apply(self, images: Array, numbers: Array) -> Array:
        noisy = floats(images)
        factor = np.float32(self.deviation * ceiling(images))
        for image, key in zip(noisy, (numbers[:, 0] * 2**53).astype(np.int64).tolist(), strict=True):
            image += factor * rng(key).standard_normal(image.shape, np.float32)
        return stored(noisy, images)
