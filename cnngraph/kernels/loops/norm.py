"""Sums of channels over rows: eight rows at a time in the precision of the numbers, and those sums in double."""

import numpy as np
from numba import njit

from cnngraph.kernels.loops.options import OPTIONS

TOGETHER = 8


@njit(**OPTIONS)
def _eight(x, at, row, shift, n, sums, aways, squares):
    """Add eight rows of x, of x - shift, and of its square."""
    s = np.uint64(row)
    a = np.uint64(at)
    b, c, d = a + s, a + s + s, a + s + s + s
    e = d + s
    f, g, h = e + s, e + s + s, e + s + s + s
    for k in range(n):
        v = shift[k]
        p, q, r, u = x[a + k], x[b + k], x[c + k], x[d + k]
        w, z, i, j = x[e + k], x[f + k], x[g + k], x[h + k]
        sums[k] += ((p + q) + (r + u)) + ((w + z) + (i + j))
        p, q, r, u, w, z, i, j = p - v, q - v, r - v, u - v, w - v, z - v, i - v, j - v
        aways[k] += ((p + q) + (r + u)) + ((w + z) + (i + j))
        squares[k] += ((p * p + q * q) + (r * r + u * u)) + ((w * w + z * z) + (i * i + j * j))


@njit(**OPTIONS)
def moments(x, row, rows, sums, aways, squares, shift, mean, variance):
    """Mean and variance of the columns of x, the variance from distances from the first row."""
    n = np.uint64(len(mean))
    for k in range(n):
        shift[k] = x[k]
        sums[k] = 0
        aways[k] = 0
        squares[k] = 0
    whole = rows // TOGETHER * TOGETHER
    for r in range(0, whole, TOGETHER):
        _eight(x, r * row, row, shift, n, sums, aways, squares)
    for r in range(whole, rows):
        at = np.uint64(r * row)
        for k in range(n):
            v = x[at + k] - shift[k]
            sums[k] += x[at + k]
            aways[k] += v
            squares[k] += v * v
    for k in range(n):
        away = aways[k] / rows
        mean[k] = sums[k] / rows
        rest = squares[k] / rows - away * away
        variance[k] = rest if rest > 0 or rest != rest else 0


@njit(**OPTIONS)
def slope_sums(dy, dy_row, x, x_row, rows, mean, inverse, sums, products, shift, scale):
    """The sums of dy, and of dy * (x - mean) * inverse, over the rows."""
    n = np.uint64(len(shift))
    for k in range(n):
        sums[k] = 0
        products[k] = 0
    s, t = np.uint64(dy_row), np.uint64(x_row)
    whole = rows // 4 * 4
    for r in range(0, whole, 4):
        a, e = np.uint64(r * dy_row), np.uint64(r * x_row)
        b, c, d = a + s, a + s + s, a + s + s + s
        f, g, h = e + t, e + t + t, e + t + t + t
        for k in range(n):
            m = mean[k]
            p, q, u, v = dy[a + k], dy[b + k], dy[c + k], dy[d + k]
            sums[k] += (p + q) + (u + v)
            products[k] += (p * (x[e + k] - m) + q * (x[f + k] - m)) + (u * (x[g + k] - m) + v * (x[h + k] - m))
    for r in range(whole, rows):
        a, e = np.uint64(r * dy_row), np.uint64(r * x_row)
        for k in range(n):
            sums[k] += dy[a + k]
            products[k] += dy[a + k] * (x[e + k] - mean[k])
    for k in range(n):
        shift[k] = sums[k]
        scale[k] = products[k] * inverse[k]
