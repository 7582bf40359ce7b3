"""`rotate(degrees)`: turn a picture."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

from cnngraph.data.augmentation import Augmentation
from cnngraph.data.sampling import sampled
from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Rotate(Augmentation):
    """Turn about the centre by up to `degrees` either way, bilinear, black where nothing was.

    y[p] = x[R p] with R = (cos a, sin a; -sin a, cos a), p = (row, column) from the centre, and a from -degrees to
    degrees: against the clock where a is positive.

    source: LeCun, Bottou, Bengio, Haffner, 1998, section III-C (affine distortions of the digits).

    >>> Rotate(90).apply(np.array([[[[1], [2]], [[3], [4]]]], np.uint8), np.array([[0.0]]))[0, :, :, 0]
    array([[3, 1],
           [4, 2]], dtype=uint8)
    """

    degrees: float

    def __post_init__(self) -> None:
        if not 0 <= self.degrees <= 180:
            raise ValueError(f"degrees are from 0 to 180, not {self.degrees}")

    def apply(self, images: Array, numbers: Array) -> Array:
        angles = [radians(drawn) for drawn in ((2 * numbers[:, 0] - 1) * self.degrees).tolist()]
        return sampled(images, np.array([[(cos(a), sin(a), 0), (-sin(a), cos(a), 0)] for a in angles]))
