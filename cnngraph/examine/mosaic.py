"""Several small images as one, with a gap between them: the channels of a filter, the slices of a film."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnngraph.ir.op import Array

GAP = 200  # the grey between images


def mosaic(images: Sequence[Array], columns: int | None = None) -> Array:
    """Images (H, W) or (H, W, 3) of bytes and one size, row by row, a pixel apart.

    >>> mosaic([np.zeros((1, 1), np.uint8)] * 3, 2).tolist()
    [[0, 200, 0], [200, 200, 200], [0, 200, 200]]
    """
    across = columns or int(np.ceil(np.sqrt(len(images))))
    across = min(across, len(images))
    rows = -(-len(images) // across)
    height, width, *colours = images[0].shape
    made = np.full((rows * (height + 1) - 1, across * (width + 1) - 1, *colours), GAP, np.uint8)
    for i, image in enumerate(images):
        top, left = i // across * (height + 1), i % across * (width + 1)
        made[top : top + height, left : left + width] = image
    return made
