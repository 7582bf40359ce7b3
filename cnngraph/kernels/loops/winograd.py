"""Both transforms of Winograd's convolution, tile by tile: from the image itself, and into the result itself."""

import numpy as np
from numba import njit

from cnngraph.kernels.loops.options import OPTIONS


@njit(**OPTIONS)
def _combined(t, source, at, stride, length, target, to):
    """target[to + k] = sum over a of t[a] * source[at + a * stride + k], for k below length; 4 or 6 terms."""
    s0, step, d = np.uint64(at), np.uint64(stride), np.uint64(to)  # no sign: no index counts from the end
    s1, s2, s3 = s0 + step, s0 + step + step, s0 + step + step + step
    t0, t1, t2, t3 = t[0], t[1], t[2], t[3]
    if len(t) == 4:
        for k in range(np.uint64(length)):
            target[d + k] = t0 * source[s0 + k] + t1 * source[s1 + k] + t2 * source[s2 + k] + t3 * source[s3 + k]
    else:
        t4, t5, s4, s5 = t[4], t[5], s3 + step, s3 + step + step
        for k in range(np.uint64(length)):
            front = t0 * source[s0 + k] + t1 * source[s1 + k] + t2 * source[s2 + k]
            target[d + k] = front + (t3 * source[s3 + k] + t4 * source[s4 + k] + t5 * source[s5 + k])


@njit(**OPTIONS)
def _gathered(x, at, row, position, top, left, high, wide, size, channels, tile):
    """tile (size, size, channels) = x around (top, left), and zeros beyond its edges."""
    for a in range(size):
        h = top + a
        for b in range(size):
            w = left + b
            d = tile[(a * size + b) * channels : (a * size + b + 1) * channels]
            if 0 <= h < high and 0 <= w < wide:
                start = at + h * row + w * position
                s = x[start : start + channels]
                for c in range(channels):
                    d[c] = s[c]
            else:
                for c in range(channels):
                    d[c] = 0


@njit(**OPTIONS)
def tiles_of_image(x, strides, sizes, block, step, pads, matrix, work, out):
    """out (n * n, tiles, channels) = matrix d matrix^T of each tile d of the block.

    strides: of images, rows, positions; sizes: rows, positions, channels; block: images from, to, rows of tiles from,
    to, tiles in a row; step: positions from one tile to the next; pads: above, left; matrix (n, size of a tile).
    """
    high, wide, channels = sizes
    n, size = matrix.shape
    first, last, top, bottom, line = block
    tiles = (last - first) * (bottom - top) * line
    tile = work[: size * size * channels]
    half = work[size * size * channels : (size + n) * size * channels]
    t = 0
    for image in range(first, last):
        for r in range(top, bottom):
            for q in range(line):
                h, w = r * step - pads[0], q * step - pads[1]
                _gathered(x, image * strides[0], strides[1], strides[2], h, w, high, wide, size, channels, tile)
                many = size * channels
                for i in range(n):
                    _combined(matrix[i], tile, 0, many, many, half, i * many)
                for i in range(n):
                    for j in range(n):
                        to = ((i * n + j) * tiles + t) * channels
                        _combined(matrix[j], half, i * many, channels, channels, out, to)
                t += 1


@njit(**OPTIONS)
def _finished(s, bias, limits, has_skip, skip, y):
    """y = s + bias, limited, + skip, limited again."""
    low, high, low2, high2 = limits[0], limits[1], limits[2], limits[3]
    if has_skip:
        for k in range(len(s)):
            v = s[k] + bias[k]
            v = low if v < low else v
            v = high if v > high else v
            v += skip[k]
            v = low2 if v < low2 else v
            y[k] = high2 if v > high2 else v
    else:
        for k in range(len(s)):
            v = s[k] + bias[k]
            v = low if v < low else v
            y[k] = high if v > high else v


@njit(**OPTIONS)
def image_of_tiles(products, matrix, block, sizes, work, bias, limits, has_skip, skip, skip_strides, y, strides):
    """y = matrix p matrix^T of each tile p of products (n * n, tiles, features), with bias, limits and skip.

    sizes: rows, positions, features of y; the others as in `tiles_of_image`.
    """
    high, wide, features = sizes
    m, n = matrix.shape
    first, last, top, bottom, line = block
    tiles = (last - first) * (bottom - top) * line
    half = work[: m * n * features]
    one = work[m * n * features : (m * n + 1) * features]
    t = 0
    for image in range(first, last):
        for r in range(top, bottom):
            for q in range(line):
                for i in range(m):
                    for b in range(n):
                        at = (b * tiles + t) * features
                        _combined(matrix[i], products, at, n * tiles * features, features, half, (i * n + b) * features)
                for i in range(min(m, high - r * m)):
                    for j in range(min(m, wide - q * m)):
                        _combined(matrix[j], half, i * n * features, features, features, one, 0)
                        h, w = r * m + i, q * m + j
                        at = image * strides[0] + h * strides[1] + w * strides[2]
                        from_ = image * skip_strides[0] + h * skip_strides[1] + w * skip_strides[2]
                        other = skip[from_ : from_ + features] if has_skip else one
                        _finished(one, bias, limits, has_skip, other, y[at : at + features])
                t += 1
