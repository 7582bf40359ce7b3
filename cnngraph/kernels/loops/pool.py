"""The largest values of windows, and where their gradients go: each position for all channels side by side."""

import numpy as np
from numba import njit

from cnngraph.kernels.loops.options import INLINE, OPTIONS


@njit(**INLINE)
def _inside(first, hole, count, length):
    """Of `count` places from `first` on, `hole` apart: the range of those within 0 and length."""
    low = max(0, -(first // hole))
    high = min(count, (length - 1 - first) // hole + 1)
    return low, max(low, high)


@njit(**OPTIONS)
def largest(x, strides, sizes, window, steps, holes, pads, lowest, y, to, outs):
    """y = the largest value of each window, a NaN where there is one, `lowest` of no values.

    strides, to: of images, rows and positions of x and y; sizes: images, rows, positions, channels of x; outs: rows and
    positions of y; window, steps, holes, pads: on both axes; lowest: an array of one number.
    """
    images, high, wide, channels = sizes
    n, least = np.uint64(channels), lowest[0]
    for image in range(images):
        for r in range(outs[0]):
            top = r * steps[0] - pads[0]
            i0, i1 = _inside(top, holes[0], window[0], high)
            for q in range(outs[1]):
                left = q * steps[1] - pads[1]
                j0, j1 = _inside(left, holes[1], window[1], wide)
                d = np.uint64(image * to[0] + r * to[1] + q * to[2])
                for k in range(n):
                    y[d + k] = least
                for i in range(i0, i1):
                    row = image * strides[0] + (top + i * holes[0]) * strides[1] + left * strides[2]
                    for j in range(j0, j1):
                        a = np.uint64(row + j * holes[1] * strides[2])
                        for k in range(n):
                            v = x[a + k]
                            y[d + k] = v if v > y[d + k] or v != v else y[d + k]


@njit(**OPTIONS)
def to_first_largest(dy, of_dy, x, strides, y, of_y, sizes, window, steps, holes, pads, unmet, dx, to, outs):
    """dx = the sum over the windows whose first largest value (or NaN) is here, of their dy."""
    images, high, wide, channels = sizes
    n = np.uint64(channels)
    for image in range(images):
        for h in range(high):
            for w in range(wide):
                d = np.uint64(image * to[0] + h * to[1] + w * to[2])
                for k in range(n):
                    dx[d + k] = 0
        for r in range(outs[0]):
            top = r * steps[0] - pads[0]
            i0, i1 = _inside(top, holes[0], window[0], high)
            for q in range(outs[1]):
                left = q * steps[1] - pads[1]
                j0, j1 = _inside(left, holes[1], window[1], wide)
                b = np.uint64(image * of_y[0] + r * of_y[1] + q * of_y[2])
                c = np.uint64(image * of_dy[0] + r * of_dy[1] + q * of_dy[2])
                for k in range(n):
                    unmet[k] = dy[c + k]
                for i in range(i0, i1):
                    row = image * strides[0] + (top + i * holes[0]) * strides[1] + left * strides[2]
                    into = image * to[0] + (top + i * holes[0]) * to[1] + left * to[2]
                    for j in range(j0, j1):
                        a = np.uint64(row + j * holes[1] * strides[2])
                        d = np.uint64(into + j * holes[1] * to[2])
                        for k in range(n):
                            v, rest = x[a + k], unmet[k]
                            share = rest if v == y[b + k] or v != v else rest - rest
                            dx[d + k] += share
                            unmet[k] = rest - share
