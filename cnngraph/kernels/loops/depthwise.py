"""Depthwise convolution and its gradients: each position takes the sums of its window for all channels side by side."""

import numpy as np
from numba import njit

from cnngraph.kernels.loops.finish import finished
from cnngraph.kernels.loops.options import INLINE, OPTIONS


@njit(**INLINE)
def _add_one(sums, x, at, weight, w, numbers):
    """sums += x * weight, of one element of the window."""
    a, p = np.uint64(at), np.uint64(w)
    for k in range(np.uint64(numbers)):
        sums[k] += x[a + k] * weight[p + k]


@njit(**INLINE)
def _add_three(sums, x, at, step, weight, w, line, numbers):
    """sums += x * weight, of three elements of a row of the window."""
    s, t = np.uint64(step), np.uint64(line)
    a, p = np.uint64(at), np.uint64(w)
    b, q = a + s, p + t
    c, r = b + s, q + t
    for k in range(np.uint64(numbers)):
        sums[k] += x[a + k] * weight[p + k] + x[b + k] * weight[q + k] + x[c + k] * weight[r + k]


@njit(**INLINE)
def _add_row(sums, x, at, step, weight, w, line, count, numbers):
    """sums += x * weight, of so many elements of a row of the window; their weights begin `line` after each other."""
    while count >= 3:
        _add_three(sums, x, at, step, weight, w, line, numbers)
        at, w, count = at + 3 * step, w + 3 * line, count - 3
    for _ in range(count):
        _add_one(sums, x, at, weight, w, numbers)
        at, w = at + step, w + line


@njit(**INLINE)
def _inside(first, hole, count, length):
    """Of `count` places from `first` on, `hole` apart: the range of those within 0 and length."""
    low = max(0, -(first // hole))
    high = min(count, (length - 1 - first) // hole + 1)
    return low, max(low, high)


@njit(**OPTIONS)
def convolution(
    x, strides, sizes, weight, line, together, window, steps, holes, pads, sums, bias, limits, skip, y, to, outs
):
    """y = the convolution of x, with bias, limits and skip.

    strides, to: of images, rows and positions of x and y; sizes: images, rows, positions, channels of x; outs: rows and
    positions of y; window, steps, holes, pads: on both axes; skip: whether, the array, and its strides. The weights of
    the elements of the window begin `line` after each other; those of each, and the bias, are there for so many
    positions as may be taken `together`.
    """
    images, high, wide, channels = sizes
    has_skip, other, other_strides = skip
    last = (wide - 1 - (window[1] - 1) * holes[1] + pads[1]) // steps[1]  # the last output with a whole row of a window
    for image in range(images):
        for r in range(outs[0]):
            top = r * steps[0] - pads[0]
            i0, i1 = _inside(top, holes[0], window[0], high)
            q = 0
            while q < outs[1]:
                left = q * steps[1] - pads[1]
                j0, j1 = _inside(left, holes[1], window[1], wide)
                whole = j1 - j0 == window[1]
                count = max(1, min(together, last + 1 - q, outs[1] - q)) if whole else 1
                n = np.uint64(count * channels)
                for k in range(n):
                    sums[k] = 0
                for i in range(i0, i1):
                    row = image * strides[0] + (top + i * holes[0]) * strides[1]
                    at = row + (left + j0 * holes[1]) * strides[2]
                    w = (i * window[1] + j0) * line
                    _add_row(sums, x, at, holes[1] * strides[2], weight, w, line, j1 - j0, count * channels)
                at = image * to[0] + r * to[1] + q * to[2]
                beside = image * other_strides[0] + r * other_strides[1] + q * other_strides[2]
                finished(sums, count * channels, bias, limits, has_skip, other, beside, y, at)
                q += count


@njit(**OPTIONS)
def input_gradient(dy, strides, outs, weight, window, steps, holes, pads, dx, to, sizes):
    """dx: each position takes what the windows over it give, element by element."""
    images, high, wide, channels = sizes
    for image in range(images):
        for h in range(high):
            for w in range(wide):
                at = image * to[0] + h * to[1] + w * to[2]
                sums = dx[at : at + channels]
                for k in range(channels):
                    sums[k] = 0
                for i in range(window[0]):
                    r = h + pads[0] - i * holes[0]
                    if r >= 0 and r % steps[0] == 0 and r // steps[0] < outs[0]:
                        row = image * strides[0] + r // steps[0] * strides[1]
                        for j in range(window[1]):
                            q = w + pads[1] - j * holes[1]
                            if q >= 0 and q % steps[1] == 0 and q // steps[1] < outs[1]:
                                there = (i * window[1] + j) * channels
                                _add_one(sums, dy, row + q // steps[1] * strides[2], weight, there, channels)


@njit(**INLINE)
def _add_products(sums, start, x, at, step, dy, from_, dy_step, channels):
    """sums, from `start` on, += x * dy, of four positions."""
    n, s, t, d = np.uint64(channels), np.uint64(step), np.uint64(dy_step), np.uint64(start)
    a, p = np.uint64(at), np.uint64(from_)
    b, q = a + s, p + t
    c, r = b + s, q + t
    e, u = c + s, r + t
    for k in range(n):
        front = x[a + k] * dy[p + k] + x[b + k] * dy[q + k]
        sums[d + k] += front + (x[c + k] * dy[r + k] + x[e + k] * dy[u + k])


@njit(**OPTIONS)
def weight_gradient(x, strides, sizes, dy, to, outs, window, steps, holes, pads, sums, dw):
    """dw (window, channels), from sums in double precision of what four positions give."""
    images, high, wide, channels = sizes
    for k in range(len(sums)):
        sums[k] = 0
    for image in range(images):
        for r in range(outs[0]):
            for i in range(window[0]):
                h = r * steps[0] - pads[0] + i * holes[0]
                if 0 <= h < high:
                    for j in range(window[1]):
                        q0, q1 = _inside(j * holes[1] - pads[1], steps[1], outs[1], wide)
                        start = (i * window[1] + j) * channels
                        at = image * strides[0] + h * strides[1] + (q0 * steps[1] - pads[1] + j * holes[1]) * strides[2]
                        from_ = image * to[0] + r * to[1] + q0 * to[2]
                        step = steps[1] * strides[2]
                        while q0 + 4 <= q1:
                            _add_products(sums, start, x, at, step, dy, from_, to[2], channels)
                            q0, at, from_ = q0 + 4, at + 4 * step, from_ + 4 * to[2]
                        for _ in range(q0, q1):
                            a, p, d = np.uint64(at), np.uint64(from_), np.uint64(start)
                            for k in range(np.uint64(channels)):
                                sums[d + k] += x[a + k] * dy[p + k]
                            at, from_ = at + step, from_ + to[2]
    for k in range(len(sums)):
        dw[k] = sums[k]
