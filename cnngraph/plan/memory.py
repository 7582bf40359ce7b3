"""Gives each buffer of an arena an offset, so that no two that live at the same time overlap.

    bytes ^   +-----+          +----+
          |   |  b  |   +------+ d  |         a buffer is a rectangle: its steps by its bytes;
          |   +-----+---+  c   +----+         the largest is placed first, each in the smallest gap that takes it
          |   |      a         |
          +---+----------------+-----> steps

source: Pisarchyk, Lee: Efficient memory management for deep neural net inference, 2020, section 5.2 (greedy by size).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]

ALIGNMENT_BYTES = 64  # one cache line, and the widest vector registers


def aligned(count: int) -> int:
    """`count` bytes, rounded up to whole lines."""
    return -(-count // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def offsets(lives: Sequence[tuple[int, int, int]]) -> tuple[list[int], int]:
    """The offset of each (first step, last step, bytes), steps included, and the bytes of the arena.

    >>> offsets([(0, 1, 64), (1, 2, 128), (2, 3, 64)])
    ([128, 0, 128], 192)
    """
    first, last, size = np.array(lives, np.int64).reshape(-1, 3).T
    size = -(-size // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    start = np.zeros(len(lives), np.int64)
    placed = np.zeros(len(lives), bool)
    for b in np.lexsort((first, -size)):
        others = np.flatnonzero(placed & (first <= last[b]) & (last >= first[b]))
        start[b] = _best_gap(start[others], size[others], int(size[b]))
        placed[b] = True
    return start.tolist(), int((start + size).max(initial=0))


def _best_gap(start: Ints, size: Ints, wanted: int) -> int:
    """The start of the smallest gap between the occupied stretches that takes `wanted` bytes, or the end of all."""
    order = np.argsort(start)
    ends = np.concatenate([[0], np.maximum.accumulate((start + size)[order])])
    gaps = start[order] - ends[:-1]
    fitting = np.flatnonzero(gaps >= wanted)
    return int(ends[fitting[np.argmin(gaps[fitting])]] if len(fitting) else ends[-1])
