"""`hue(degrees)`: turn the circle of colours."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin, sqrt

import numpy as np

from cnngraph.data.augmentation import ColourChange, stored
from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Hue(ColourChange):
    """Turn colours about the axis of greys, by up to `degrees` either way: 120 makes green of red.

    y = M x with M = cos a I + (1 - cos a)/3 J + sin a / sqrt(3) K: I the unit matrix, J all ones, K the cross product
    with (1, 1, 1), and a from -degrees to degrees; within black and white.

    source: Haeberli: Matrix operations for image processing, 1993 (hue rotation).

    >>> Hue(120).apply(np.array([[[[90, 0, 0]]]], np.uint8), np.array([[1.0]]))[0, 0]
    array([[ 0, 90,  0]], dtype=uint8)
    """

    degrees: float

    def __post_init__(self) -> None:
        if not 0 <= self.degrees <= 180:
            raise ValueError(f"degrees are from 0 to 180, not {self.degrees}")

    def coloured(self, images: Array, numbers: Array) -> Array:
        angles = [radians(drawn) for drawn in ((2 * numbers[:, 0] - 1) * self.degrees).tolist()]
        turns = [(cos(a) + (1 - cos(a)) / 3, (1 - cos(a)) / 3, sin(a) / sqrt(3)) for a in angles]
        own, even, odd = np.array(turns, np.float32).T[:, :, None, None]  # each (N, 1, 1): a circulant matrix
        planes = [images[..., channel].astype(np.float32) for channel in range(3)]
        turned = [
            own * planes[k] + (even + odd) * planes[k - 1] + (even - odd) * planes[(k + 1) % 3] for k in range(3)
        ]
        return stored(np.stack(turned, axis=-1), images)
