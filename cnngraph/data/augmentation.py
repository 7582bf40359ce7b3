"""What every augmentation owes: a change of pictures by random numbers that are drawn for each picture."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array

Shape = tuple[int, int, int]


class Augmentation:
    """A random change of pictures (N, H, W, C) that keeps their labels.

    `apply` gives new pictures of the same dtype: uint8 from 0 to 255, or floats from 0 to 1. Picture i is changed by
    row i of `numbers`, which are from [0, 1), and by nothing else: not by the pictures beside it. `draws` says how many
    numbers a picture needs.
    """

    draws: ClassVar[int] = 1

    def apply(self, images: Array, numbers: Array) -> Array:
        """Pictures (N, H, W, C) changed by `numbers` (N, draws)."""
        raise NotImplementedError

    def shape(self, shape: Shape) -> Shape:
        """(height, width, channels) after the change. Raises ValueError where it cannot be done to such pictures."""
        return shape


class ColourChange(Augmentation):
    """A change of what is between red, green and blue; a picture in grey stays as it is."""

    def apply(self, images: Array, numbers: Array) -> Array:
        return images if images.shape[-1] == 1 else self.coloured(images, numbers)

    def coloured(self, images: Array, numbers: Array) -> Array:
        """As `apply`, for pictures with three channels."""
        raise NotImplementedError

    def shape(self, shape: Shape) -> Shape:
        if shape[-1] not in (1, 3):
            raise ValueError(f"colours are red, green and blue, not {shape[-1]} channels")
        return shape


def floats(images: Array) -> Array:
    """The pictures with the same numbers, as float32 that may be written to."""
    return images.astype(np.float32)


def ceiling(images: Array) -> float:
    """The number that means white: 255 for bytes, 1 for floats."""
    return 255.0 if images.dtype == np.uint8 else 1.0


def stored(values: Array, like: Array) -> Array:
    """`values` (float32, written over) within black and white, as the dtype of `like`; bytes are rounded.

    >>> stored(np.array([-3.0, 7.6, 300.0], np.float32), np.zeros(1, np.uint8))
    array([  0,   8, 255], dtype=uint8)
    """
    np.clip(values, 0, ceiling(like), out=values)
    if like.dtype == np.uint8:
        np.rint(values, out=values)
    return values.astype(like.dtype, copy=False)


def between(low: float, high: float, numbers: Array) -> Array:
    """`numbers` (N, 1) from [0, 1) become one float32 between `low` and `high` for each picture: (N, 1, 1, 1)."""
    drawn: Array = (low + (high - low) * numbers[:, 0]).astype(np.float32)
    return drawn[:, None, None, None]


def within_one(amount: float) -> None:
    """Raises ValueError where `amount` is no part of a whole."""
    if not 0 <= amount <= 1:
        raise ValueError(f"amount is from 0 to 1, not {amount}")
