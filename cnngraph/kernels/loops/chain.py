"""Operators that work element by element, one behind the other, on pieces that stay in the first-level cache.

A piece is copied to `work`; each step changes it there; then it is written. So the memory is read and written once, and
one compiled function serves all chains.
"""

import numpy as np
from numba import njit

from cnngraph.kernels.loops.options import OPTIONS
from cnngraph.kernels.loops.steps import (
    ADD,
    AFFINE,
    CLAMP,
    HARD_SWISH,
    IF_BETWEEN,
    IF_NOT_ZERO,
    LEAKY,
    LEAKY_SLOPE,
    MULTIPLY,
    PIECE,
    PLANE,
    SCALE,
    TIMES_VECTOR,
)


@njit(**OPTIONS)
def _alone(code, t, n, a, b, zero):
    """t = the step, which needs nothing but two numbers, of t."""
    one = b + b
    if code == CLAMP:
        for k in range(n):
            v = a if t[k] < a else t[k]
            t[k] = b if v > b else v
    elif code == SCALE:
        for k in range(n):
            t[k] = t[k] * a + b
    elif code == LEAKY:
        for k in range(n):
            t[k] = t[k] if t[k] > b else t[k] * a
    elif code == HARD_SWISH:  # a: one sixth, b: one half
        for k in range(n):
            v = t[k] * a + b
            v = zero if v < zero else v
            t[k] *= one if v > one else v


@njit(**OPTIONS)
def _with_vectors(code, t, n, other, at, vectors, v):
    """t = the step of t with vectors of channels, which begin at v, and perhaps the other array from `at` on."""
    p, q, r = np.uint64(v[0]), np.uint64(v[1]), np.uint64(v[2])
    if code == TIMES_VECTOR:
        for k in range(n):
            t[k] *= vectors[p + k]
    elif code == AFFINE:
        for k in range(n):
            t[k] = t[k] * vectors[p + k] + vectors[q + k]
    elif code == PLANE:
        for k in range(n):
            t[k] = t[k] * vectors[p + k] + (other[at + k] * vectors[q + k] + vectors[r + k])


@njit(**OPTIONS)
def _with_other(code, t, n, other, at, a, b, zero):
    """t = the step of t and of the other array from `at` on."""
    if code == ADD:
        for k in range(n):
            t[k] += other[at + k]
    elif code == MULTIPLY:
        for k in range(n):
            t[k] *= other[at + k]
    elif code == IF_NOT_ZERO:  # b: one
        for k in range(n):
            t[k] *= b if other[at + k] != zero else zero
    elif code == LEAKY_SLOPE:
        for k in range(n):
            t[k] = t[k] if other[at + k] > zero else t[k] * a
    elif code == IF_BETWEEN:
        for k in range(n):
            v = other[at + k]
            t[k] = t[k] if v > a and v < b else zero


@njit(**OPTIONS)
def chain(
    codes, numbers, x, x_row, first, first_row, second, second_row, third, third_row, vectors, sizes, work, y, y_row
):
    """y = the steps of x. All arrays are rows of `width` numbers, which begin so many numbers one after the other.

    codes (steps, 5): code, which of the three other arrays, and where its three vectors begin. numbers (steps, 3): two,
    and zero. sizes: width, and all numbers; the last row may be shorter.
    """
    width, total = sizes
    for row in range(-(-total // width)):
        length = min(width, total - row * width)
        for start in range(0, length, PIECE):
            n = np.uint64(min(PIECE, length - start))
            at = np.uint64(row * x_row + start)
            for k in range(n):
                work[k] = x[at + k]
            for s in range(len(codes)):
                code, a, b = codes[s, 0], numbers[s, 0], numbers[s, 1]
                zero = numbers[s, 2]
                if codes[s, 1] == 0:
                    other, there = first, np.uint64(row * first_row + start)
                elif codes[s, 1] == 1:
                    other, there = second, np.uint64(row * second_row + start)
                else:
                    other, there = third, np.uint64(row * third_row + start)
                if code < TIMES_VECTOR:
                    _alone(code, work, n, a, b, zero)
                elif code < ADD:
                    _with_vectors(code, work, n, other, there, vectors, codes[s, 2:] + start)
                else:
                    _with_other(code, work, n, other, there, a, b, zero)
            to = np.uint64(row * y_row + start)
            for k in range(n):
                y[to + k] = work[k]
