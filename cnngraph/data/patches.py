"""Several views of one picture at test time, whose predictions are averaged."""

from __future__ import annotations

import numpy as np

from cnngraph.ir.op import Array


def ten_patches(images: Array, height: int, width: int) -> Array:
    """Pictures (N, H, W, C) as ten pieces each, (N, 10, height, width, C): the four corners and the centre, then the
    same five mirrored. Raises ValueError where a piece is larger than the picture.

    The prediction for a picture is the mean of those for its pieces. Pieces of the whole size are the picture and its
    mirror image, five times each.

    source: Krizhevsky, Sutskever, Hinton, 2012, section 4.1.

    >>> ten_patches(np.array([[[[1], [2], [3]]]]), 1, 2)[0, :, 0, :, 0].tolist()
    [[1, 2], [2, 3], [1, 2], [2, 3], [1, 2], [2, 1], [3, 2], [2, 1], [3, 2], [2, 1]]
    """
    _, high, wide, _ = images.shape
    if not (1 <= height <= high and 1 <= width <= wide):
        raise ValueError(f"a piece of {height}x{width} does not lie in a picture of {high}x{wide}")
    corners = [(top, left) for top in (0, high - height) for left in (0, wide - width)]
    places = [*corners, ((high - height) // 2, (wide - width) // 2)]
    plain = np.stack([images[:, top : top + height, left : left + width] for top, left in places], axis=1)
    return np.concatenate([plain, plain[:, :, :, ::-1]], axis=1)
