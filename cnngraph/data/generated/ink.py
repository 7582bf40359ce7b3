"""Shapes with soft edges, for many pictures at once: signed distances in pixels, negative inside.

A place is (x, y) in pixels, x to the right and y down; the middle of the first pixel is (0.5, 0.5). Arrays are float32,
and numbers for each of N pictures have the shape (N, 1, 1), so that they meet all pixels (H, W).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from cnngraph.ir.op import Array

Places: TypeAlias = tuple[Array, Array]  # x and y
ORIGIN: Places = (np.zeros((), np.float32), np.zeros((), np.float32))


def pixels(height: int, width: int) -> Places:
    """The middles of all pixels: x and y, (H, W).

    >>> pixels(1, 3)[0]
    array([[0.5, 1.5, 2.5]], dtype=float32)
    """
    y, x = np.mgrid[:height, :width].astype(np.float32) + np.float32(0.5)
    return x, y


def each(values: Array) -> Array:
    """Numbers (N,), one for each picture, as (N, 1, 1) in float32."""
    return values.astype(np.float32)[:, None, None]


def covered(distance: Array) -> Array:
    """How much of each pixel is inside: 1, 0, or a part along the edge.

    >>> covered(np.array([-3.0, 0.0, 0.25, 3.0]))
    array([1.  , 0.5 , 0.25, 0.  ])
    """
    return np.clip(0.5 - distance, 0, 1)


def disc(at: Places, centre: Places, radius: Array | float) -> Array:
    """The distance to a circle."""
    return np.asarray(np.hypot(at[0] - centre[0], at[1] - centre[1]) - radius)


def turned_about(at: Places, centre: Places, angle: Array) -> Places:
    """Where `at` lies for something at `centre` that is turned by `angle` (radians, clockwise as y goes down)."""
    x, y = at[0] - centre[0], at[1] - centre[1]
    cosine, sine = np.cos(angle), np.sin(angle)
    return cosine * x + sine * y, cosine * y - sine * x


def rectangle(at: Places, half_width: Array | float, half_height: Array | float) -> Array:
    """The distance to an upright rectangle about (0, 0); past a corner, the larger of the two distances."""
    return np.maximum(np.abs(at[0]) - half_width, np.abs(at[1]) - half_height)


def triangle(at: Places, size: Array | float) -> Array:
    """The distance to a triangle about (0, 0) whose tip is at (0, -size), and whose foot is as wide as 1.2 size."""
    x, y = np.abs(at[0]), at[1]
    slope = 0.6 / 1.6  # half the foot by the height, from -size to 0.6 size
    side = (x - slope * (y + size)) / np.float32(np.hypot(1, slope))
    return np.maximum(side, y - 0.6 * size)


def stroke(at: Places, start: Places, end: Places, half_width: Array | float) -> Array:
    """The distance to a line from `start` to `end` with round ends."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    x, y = at[0] - start[0], at[1] - start[1]
    along = np.clip((x * dx + y * dy) / np.maximum(dx * dx + dy * dy, 1e-6), 0, 1)
    return np.asarray(np.hypot(x - along * dx, y - along * dy) - half_width)


def chosen(kinds: Array, distances: Sequence[Array]) -> Array:
    """For each picture the distance of its own kind: `kinds` (N,), `distances` one for each kind."""
    return np.choose(kinds[:, None, None], distances)


def painted(images: Array, cover: Array, colour: Array) -> Array:
    """`images` (N, H, W, C) with `colour` (N, 1, 1, C) laid upon them where `cover` (N, H, W) says."""
    return np.asarray(images + cover[..., None] * (colour - images))


def grain(numbers: np.random.Generator, shape: tuple[int, ...], deviation: float) -> Array:
    """Normal noise in float32."""
    return numbers.standard_normal(shape, np.float32) * np.float32(deviation)
