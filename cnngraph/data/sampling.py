"""Pictures seen through affine maps: bilinear, black where nothing was."""

from __future__ import annotations

import numpy as np

from cnngraph.ir.op import Array

PIXELS = 2**13  # so many are made at once: what lies between then stays in the cache


def sampled(images: Array, maps: Array) -> Array:
    """Pictures (N, H, W, C) whose pixel at p has what the picture i had at `maps[i] @ (p, 1)`.

    `maps` is (N, 2, 3). Positions are (row, column) from the centre of the picture, in pixels; between pixels numbers
    are bilinear, and beyond the picture it is black.

    >>> half_right = np.array([[[1, 0, 0], [0, 1, -0.5]]])
    >>> sampled(np.array([[[[0], [8], [8], [0]]]], np.uint8), half_right)[0, :, :, 0]
    array([[0, 4, 8, 4]], dtype=uint8)
    """
    count, height, width, _ = images.shape
    found = np.empty_like(images)
    framed = np.pad(images, ((0, 0), (1, 2), (1, 2), (0, 0)))  # all that is read beyond the picture is black
    planes = np.ascontiguousarray(framed.transpose(3, 0, 1, 2))  # (C, N, H+3, W+3)
    maps = maps.astype(np.float32)
    rows = np.arange(height, dtype=np.float32) - np.float32((height - 1) / 2)
    together, lines = max(1, PIXELS // (height * width)), max(1, PIXELS // width)
    for first in range(0, count, together):
        some = slice(first, first + together)
        for top in range(0, height, lines):
            these = slice(top, top + lines)
            _sample(planes[:, some], maps[some], rows[these], found[some, these])
    return found


def _sample(planes: Array, maps: Array, rows: Array, found: Array) -> None:
    """Fill `found` (N, rows, W, C) from `planes` (C, N, H+3, W+3), which have a black frame."""
    _, count, high, wide = planes.shape
    columns = np.arange(wide - 3, dtype=np.float32) - np.float32((wide - 4) / 2)
    y = _positions(maps[:, 0], rows, columns, high - 3)  # (N, rows, W), from the corner of the frame
    x = _positions(maps[:, 1], rows, columns, wide - 3)
    above, before = y.astype(np.int32), x.astype(np.int32)
    y -= above
    x -= before
    index = above * wide + before
    index += (np.arange(count, dtype=np.int32) * (high * wide))[:, None, None]
    corner = index.astype(np.intp)
    for channel, plane in enumerate(planes.reshape(len(planes), -1)):
        upper = _mixed(plane.take(corner), plane.take(corner + 1), x)
        lower = _mixed(plane.take(corner + wide), plane.take(corner + (wide + 1)), x)
        values = _mixed(upper, lower, y)
        found[..., channel] = np.rint(values, out=values) if found.dtype == np.uint8 else values


def _positions(row: Array, rows: Array, columns: Array, length: int) -> Array:
    """One row of each map (N, 3), at all pixels: (N, rows, W), held within the frame of a side of `length`."""
    from_corner = row[:, 2, None] + np.float32((length + 1) / 2)
    at = (row[:, 0, None] * rows + from_corner)[:, :, None] + (row[:, 1, None] * columns)[:, None, :]
    held: Array = np.clip(at, 0, length + 1, out=at)
    return held


def _mixed(first: Array, second: Array, weight: Array) -> Array:
    """first + (second - first) * weight, in float32."""
    start = first.astype(np.float32, copy=False)
    difference = second.astype(np.float32)
    difference -= start
    difference *= weight
    difference += start
    return difference
