"""`colour(deviation)`: light along the directions in which the colours of a picture differ most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.augmentation import ColourChange, floats, stored
from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Colour(ColourChange):
    """Add to all pixels of a picture the same sum of the principal directions of its colours.

    y = x + sum_k a_k l_k p_k, where p_k and l_k are the unit vectors and deviations of the principal components of the
    red, green and blue of the picture, and a_k is normal with this `deviation`; within black and white.

    source: Krizhevsky, Sutskever, Hinton, 2012, section 4.1, where the components are those of all training pictures,
    and their variances stand for the deviations.

    >>> two_greys = np.array([[[[100] * 3, [120] * 3]]], np.uint8)
    >>> Colour(1).apply(two_greys, np.full((1, 6), 0.7))[0, 0]
    array([[ 95,  95,  95],
           [115, 115, 115]], dtype=uint8)
    """

    deviation: float
    draws: ClassVar[int] = 6

    def __post_init__(self) -> None:
        if not 0 <= self.deviation <= 10:
            raise ValueError(f"deviation is from 0 to 10, not {self.deviation}")

    def coloured(self, images: Array, numbers: Array) -> Array:
        length, turn = np.sqrt(-2 * np.log1p(-numbers[:, :3])), 2 * np.pi * numbers[:, 3:]
        normal = self.deviation * length * np.cos(turn)  # (N, 3): Box and Muller, 1958
        variances, directions = np.linalg.eigh(np.stack([_covariance(image) for image in images]))  # (N, 3), (N, 3, 3)
        largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
        directions *= np.sign(largest)  # a component has no sign of its own; then the same on every machine
        light = normal * np.sqrt(np.maximum(variances, 0))
        changed = floats(images)
        changed += (directions * light[:, None, :]).sum(axis=2).astype(np.float32)[:, None, None, :]
        return stored(changed, images)


def _covariance(image: Array) -> Array:
    """(3, 3), of the pixels of one picture."""
    pixels = image.reshape(-1, 3).astype(np.float64)
    pixels -= pixels.mean(axis=0)
    products: Array = pixels.T @ pixels
    return products / len(pixels)
