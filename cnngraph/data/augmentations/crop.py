"""`crop(height, width)`: cut a piece out of a larger picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.augmentation import Augmentation, Shape
from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Crop(Augmentation):
    """A piece of `height` x `width` from anywhere in the picture; `width` is as `height` unless it is given.

    y[r, c] = x[r + dr, c + dc] with dr from 0 to H - height and dc from 0 to W - width, whole numbers. A test or a
    prediction takes the piece at the centre.

    source: Krizhevsky, Sutskever, Hinton, 2012, section 4.1 (224 x 224 from 256 x 256).

    >>> Crop(1, 2).apply(np.arange(9, dtype=np.uint8).reshape(1, 3, 3, 1), np.array([[0.99, 0.0]]))[0, :, :, 0]
    array([[6, 7]], dtype=uint8)
    """

    height: int
    width: int | None = None
    draws: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if min(self._size) < 1:
            raise ValueError("height and width are at least 1, not " + " and ".join(map(str, self._size)))

    @property
    def _size(self) -> tuple[int, int]:
        return self.height, self.height if self.width is None else self.width

    def apply(self, images: Array, numbers: Array) -> Array:
        size = np.array(self._size)
        first = np.floor(numbers * (np.array(images.shape[1:3]) - size + 1)).astype(np.intp)  # (N, 2)
        rows, columns = (first[:, axis, None] + np.arange(size[axis]) for axis in (0, 1))
        cut: Array = images[np.arange(len(images))[:, None, None], rows[:, :, None], columns[:, None, :]]
        return cut

    def shape(self, shape: Shape) -> Shape:
        height, width = self._size
        if height > shape[0] or width > shape[1]:
            raise ValueError(f"a piece of {height}x{width} is larger than the picture, {shape[0]}x{shape[1]}")
        return height, width, shape[2]
