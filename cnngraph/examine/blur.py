"""Pictures out of focus."""

from __future__ import annotations

from math import ceil

import numpy as np

from cnngraph.ir.op import Array


def blurred(images: Array, deviation: float) -> Array:
    """Floats (N, H, W, C), each the mean of those around, weighted by a normal curve; beyond the border the last pixel
    goes on.

        y[p] = sum_d w[d] x[p + d],  w[d] ~ exp(-d^2 / (2 deviation^2)),  |d| <= 3 deviation, along both axes

    >>> blurred(np.array([0.0, 1.0, 0.0]).reshape(1, 3, 1, 1), 0.5)[0, :, 0, 0].round(2)
    array([0.11, 0.79, 0.11])
    """
    radius = ceil(3 * deviation)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / deviation) ** 2)
    weights = (weights / weights.sum()).astype(images.dtype)
    for axis in (1, 2):
        around = [(radius, radius) if each == axis else (0, 0) for each in range(4)]
        padded, length = np.pad(images, around, mode="edge"), images.shape[axis]
        images = np.zeros_like(images)
        for start, weight in enumerate(weights):
            images += weight * padded.take(range(start, start + length), axis=axis)
    return images
