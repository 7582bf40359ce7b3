"""What a product of matrices costs, and how large its blocks should be."""

from __future__ import annotations

from cnngraph.ir.types import ITEM_BYTES
from cnngraph.kernels.kernel import Machine

RESULT_BYTES = 600_000
"""Of a block of the result: it stays in the cache until bias and epilogue have gone over it, in few long passes."""

LEAST_ROWS = 192
"""Of a block: BLAS brings the other factor into its own order again for each block."""


CACHED_BYTES = 8_000_000
"""What stays in the last cache from one use to the next: a core's share of it."""


def product_seconds(
    rows: int, inner: int, columns: int, machine: Machine, dtype: str = "float32", count: int = 1
) -> float:
    """`count` times (rows, inner) @ (inner, columns): arithmetic, and bringing the factors into the order of BLAS."""
    size = ITEM_BYTES[dtype]
    rate = machine.flops_per_second * 4 / size
    arithmetic = 2 * _whole(rows, 4) * inner * _whole(columns, 8) / rate
    packed = (inner * columns + rows * inner + rows * columns) * size
    return count * (arithmetic + packed / memory_rate(count * packed, machine))


def memory_rate(size: float, machine: Machine) -> float:
    """Bytes each second, in passes over so many bytes."""
    return machine.cached_bytes_per_second if size < CACHED_BYTES else machine.bytes_per_second


def _whole(count: int, unit: int) -> int:
    """The next multiple: BLAS computes whole units of its result."""
    return -(-count // unit) * unit


def block_rows(rows: int, columns: int, dtype: str = "float32") -> int:
    """Rows of a block of the result, so that it stays in the cache."""
    wanted = max(LEAST_ROWS, RESULT_BYTES // (columns * ITEM_BYTES[dtype]))
    parts = max(1, round(rows / wanted))
    return -(-rows // parts)
