"""Arrays of tools that keep the channels before the positions, in our order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnngraph.interop.imported import Axes
from cnngraph.ir.op import Array


def conv_weight(blob: Array) -> Array:
    """(K, C, window...) as (window..., C, K)."""
    return np.moveaxis(blob, (0, 1), (-1, -2))


def dense_rows(matrix: Array, sizes: Sequence[int], axes: Axes) -> Array:
    """The matrix of a dense layer whose rows meet the values of (C, H, W) in that order, for those values in our order.

    `sizes` are those of a sample there, `axes` say where its axes (with the batch) are here.

    >>> image = Axes((0, 3, 1, 2), 4)
    >>> dense_rows(np.arange(4).reshape(4, 1), (2, 1, 2), image).ravel()
    array([0, 2, 1, 3])
    """
    table = matrix.reshape(*sizes, -1)  # (C, H, W, K)
    kept = [axis for axis, place in enumerate(axes.places[1:]) if place is not None]
    gone = [axis for axis in range(len(sizes)) if axis not in kept]
    ours = [kept[i] for i in np.argsort(axes.kept[1:])]
    return table.transpose(*ours, *gone, table.ndim - 1).reshape(matrix.shape)  # (H, W, C, K) as a matrix


def image_axes(positions: int) -> Axes:
    """(N, C, H, W) there, (N, H, W, C) here, for so many axes of positions; (N, C) for none."""
    return Axes((0, positions + 1, *range(1, positions + 1)), positions + 2) if positions else Axes((0, 1), 2)


def vector_axes(positions: int) -> Axes:
    """(N, C, 1, 1) there, (N, C) here."""
    return Axes((0, 1, *(None for _ in range(positions))), 2)
