"""What follows the sums of one position, on its way into the result."""

import numpy as np
from numba import njit

from cnngraph.kernels.loops.options import INLINE


@njit(**INLINE)
def finished(sums, channels, bias, limits, has_skip, skip, skip_at, y, at):
    """y, from `at` on, = sums + bias, limited, + skip, limited again; a NaN passes."""
    low, high, low2, high2 = limits[0], limits[1], limits[2], limits[3]
    n, to, there = np.uint64(channels), np.uint64(at), np.uint64(skip_at)
    if has_skip:
        for k in range(n):
            v = sums[k] + bias[k]
            v = low if v < low else v
            v = high if v > high else v
            v += skip[there + k]
            v = low2 if v < low2 else v
            y[to + k] = high2 if v > high2 else v
    else:
        for k in range(n):
            v = sums[k] + bias[k]
            v = low if v < low else v
            y[to + k] = high if v > high else v
