"""The digits of the package in other sizes, places and slants: what sets of digits are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnngraph.data.generated.ink import Places, each, pixels, turned_about
from cnngraph.data.optical_digits import SIDE, read_digits
from cnngraph.ir.op import Array

FRAME = 1  # black pixels around a digit, so that its edge fades


@dataclass(frozen=True, eq=False)
class Hands:
    """Digits (M, 10, 10) in float32 from 0 to 1, framed by black, and what they are (M,)."""

    images: Array
    labels: Array

    def of_class(self, numbers: np.random.Generator, wanted: Array) -> Array:
        """For each class of `wanted` (N,) the place of a digit of that class."""
        order = np.argsort(self.labels, kind="stable")
        counts = np.bincount(self.labels, minlength=10)
        first = np.cumsum(counts) - counts
        drawn: Array = order[first[wanted] + (numbers.random(len(wanted)) * counts[wanted]).astype(np.intp)]
        return drawn


def hands(seed: int, key: int) -> Hands:
    """The digits of one part: 0 to learn from, 1 to test with; no writing is in both."""
    part = read_digits(SIDE, seed)[key]
    images = np.asarray(part.columns["image"])[..., 0].astype(np.float32) / 255
    return Hands(np.pad(images, ((0, 0), (FRAME, FRAME), (FRAME, FRAME))), np.asarray(part.columns["label"]))


def written(images: Array, size: int, centre: Places, large: Array, angle: Array) -> Array:
    """Digits (N, 10, 10) in pictures of `size` pixels: (N, size, size) from 0 to 1, bilinear.

    `centre` and `large` (the side of the digit, in pixels) and `angle` (radians) are (N,).
    """
    at = turned_about(pixels(size, size), (each(centre[0]), each(centre[1])), each(angle))
    scale = np.float32(SIDE) / each(large)
    last = images.shape[1] - 1
    column, row = (np.clip(part * scale + last / 2, 0, last) for part in at)  # (N, size, size) in pixels of the digit
    left, top = np.minimum(column.astype(np.intp), last - 1), np.minimum(row.astype(np.intp), last - 1)
    right, down = column - left, row - top
    rows = np.arange(len(images))[:, None, None]
    upper = (1 - right) * images[rows, top, left] + right * images[rows, top, left + 1]
    lower = (1 - right) * images[rows, top + 1, left] + right * images[rows, top + 1, left + 1]
    drawn: Array = (1 - down) * upper + down * lower
    return drawn
