"""Both transforms of Winograd's convolution, tile by tile: from the image itself, and into the result itself."""

import numpy as np
from numba import njit

from cnngraph.kernels.loops.finish import finished
from cnngraph.kernels.loops.options import INLINE, OPTIONS


@njit(**INLINE)
def _combined(terms, numbers, row, source, at, stride, length, target, to):
    """target[to + k] = sum of numbers[row, a] * source[at + a * stride + k] over 4 or 6 terms a, for k below length."""
    s0, step, d = np.uint64(at), np.uint64(stride), np.uint64(to)  # no sign: no index counts from the end
    s1, s2, s3 = s0 + step, s0 + step + step, s0 + step + step + step
    f = np.uint64(row * terms)
    t0, t1, t2, t3 = numbers[f], numbers[f + np.uint64(1)], numbers[f + np.uint64(2)], numbers[f + np.uint64(3)]
    if terms == 4:
        for k in range(np.uint64(length)):
            target[d + k] = t0 * source[s0 + k] + t1 * source[s1 + k] + t2 * source[s2 + k] + t3 * source[s3 + k]
    else:
        t4, t5, s4, s5 = numbers[f + np.uint64(4)], numbers[f + np.uint64(5)], s3 + step, s3 + step + step
        for k in range(np.uint64(length)):
            front = t0 * source[s0 + k] + t1 * source[s1 + k] + t2 * source[s2 + k]
            target[d + k] = front + (t3 * source[s3 + k] + t4 * source[s4 + k] + t5 * source[s5 + k])


@njit(**INLINE)
def _gathered(x, at, row, position, top, left, high, wide, size, channels, tile):
    """tile (size, size, channels) = x around (top, left), and zeros beyond its edges."""
    n = np.uint64(channels)
    for a in range(size):
        h = top + a
        for b in range(size):
            w = left + b
            d = np.uint64((a * size + b) * channels)
            if 0 <= h < high and 0 <= w < wide:
                s = np.uint64(at + h * row + w * position)
                for c in range(n):
                    tile[d + c] = x[s + c]
            else:
                for c in range(n):
                    tile[d + c] = 0


@njit(**OPTIONS)
def tiles_of_image(x, strides, sizes, block, step, pads, numbers, shape, work, out):
    """out (n * n, tiles, channels) = matrix d matrix^T of each tile d of the block.

    strides: of images, rows, positions; sizes: rows, positions, channels; block: images from, to, rows of tiles from,
    to, tiles in a row; step: positions from one tile to the next; pads: above, left; numbers: of the
    matrix, of the shape (n, size of a tile).
    """
    high, wide, channels = sizes
    n, size = shape
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
                    _combined(size, numbers, i, tile, 0, many, many, half, i * many)
                for i in range(n):
                    for j in range(n):
                        to = ((i * n + j) * tiles + t) * channels
                        _combined(size, numbers, j, half, i * many, channels, channels, out, to)
                t += 1


@njit(**OPTIONS)
def image_of_tiles(
    products, numbers, shape, block, sizes, work, bias, limits, has_skip, skip, skip_strides, y, strides
):
    """y = matrix p matrix^T of each tile p of products (n * n, tiles, features), with bias, limits and skip.

    sizes: rows, positions, features of y; the others as in `tiles_of_image`.
    """
    high, wide, features = sizes
    m, n = shape
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
                        at, to = (b * tiles + t) * features, (i * n + b) * features
                        _combined(n, numbers, i, products, at, n * tiles * features, features, half, to)
                for i in range(min(m, high - r * m)):
                    for j in range(min(m, wide - q * m)):
                        _combined(n, numbers, j, half, i * n * features, features, features, one, 0)
                        h, w = r * m + i, q * m + j
                        at = image * strides[0] + h * strides[1] + w * strides[2]
                        from_ = image * skip_strides[0] + h * skip_strides[1] + w * skip_strides[2]
                        finished(one, features, bias, limits, has_skip, skip, from_, y, at)
                t += 1
