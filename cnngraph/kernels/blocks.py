"""Arrays cut into blocks that stay in a core's cache while several passes go over them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.kernels.kernel import Machine, Prepared
from cnngraph.ops.conv import matrix

BLOCK = 32_768
"""Numbers in a block: 128 kB of float32, so that four of them fit a second-level cache."""

ROW = 2048
"""Numbers in an inner loop that is long enough: shorter vectors of channels are repeated up to here."""

CACHE_BYTES = 1_000_000


def blocks(y: Array, *others: Array, numbers: int = BLOCK) -> list[tuple[Array, ...]]:
    """Views of y and of the others, cut alike into blocks; each of the others broadcasts to its block of y.

    The others have the shape of y, or are a vector of channels for each sample (N, C), or for all of them (C,): such a
    vector may be repeated to a multiple of C, so that a block meets it in fewer and longer rows.

    >>> [tuple(x.shape for x in block) for block in blocks(np.ones((2, 6, 4)), np.ones(8), numbers=32)]
    [((4, 8), (8,)), ((2, 8), (8,))]
    """
    if any(1 < x.ndim < y.ndim for x in others):
        samples = [[x if x.ndim == 1 else x[n] for x in others] for n in range(len(y))]
        return [block for n, each in enumerate(samples) for block in blocks(y[n], *each, numbers=numbers)]
    whole = [y, *others]
    if all(x.flags.c_contiguous for x in whole if x.shape == y.shape):
        vectors = [len(x) for x in others if x.shape != y.shape]
        return _flat_blocks(whole, max(vectors, default=0), y.size, numbers)
    tables = [matrix(x) if x.shape == y.shape else x[: y.shape[-1]] for x in whole]
    return _row_blocks(tables, len(tables[0]), max(1, numbers // y.shape[-1]))


def _flat_blocks(whole: Sequence[Array], length: int, size: int, numbers: int) -> list[tuple[Array, ...]]:
    """Blocks of contiguous arrays: as rows of the length of the vectors, or without rows where there are none."""
    flat = [x.reshape(-1) if x.size == size else x for x in whole]
    if not length:
        return [tuple(x[i : i + numbers] for x in flat) for i in range(0, size, numbers)]
    full = size // length * length
    tables = [x[:full].reshape(-1, length) if x.size == size else x for x in flat]
    rest = [tuple(x[full:] if x.size == size else x[: size - full] for x in flat)] if full < size else []
    return _row_blocks(tables, full // length, max(1, numbers // length)) + rest


def _row_blocks(tables: Sequence[Array], rows: int, each: int) -> list[tuple[Array, ...]]:
    return [tuple(x[i : i + each] if x.ndim == 2 else x for x in tables) for i in range(0, rows, each)]


def repeated(source: int, vector: TensorType, size: int) -> Prepared:
    """The wish for a vector of channels repeated to the length of a row, for arrays of that many numbers."""
    channels = number(vector.channels)
    times = max(1, min(ROW // channels, size // channels))
    return Prepared(source, TensorType((times * channels,), vector.dtype), repeat)


def repeat(vector: Array, out: Array) -> None:
    """Fill `out` with the vector, again and again."""
    np.copyto(out.reshape(-1, len(vector)), vector)


def scratch_type(y: TensorType, numbers: int = BLOCK) -> TensorType:
    """Workspace for one block of y."""
    return TensorType((max(1, min(numbers, number(y.elements)), *y.concrete[-1:]),), y.dtype)


def scratch_for(block: Array, scratch: Array) -> Array:
    """The part of the workspace that stands for a block, in its shape."""
    return scratch[: block.size].reshape(block.shape)


def pass_seconds(moved: Sequence[TensorType], machine: Machine, passes: float = 1.0, calls: int = 1) -> float:
    """Time to move values once through memory, and to go over blocks in the cache `passes` times in all.

    A pass over a block that has just been written is twice as fast as one over what the cache merely holds.
    """
    total = sum(number(t.bytes) for t in moved)
    once = total / (machine.cached_bytes_per_second if total < CACHE_BYTES else machine.bytes_per_second)
    again = max(0.0, passes - 1) * number(moved[-1].bytes) / (2 * machine.cached_bytes_per_second)
    return once + again + calls * machine.call_seconds


def block_count(y: TensorType, numbers: int = BLOCK) -> int:
    return max(1, -(-number(y.elements) // numbers))
