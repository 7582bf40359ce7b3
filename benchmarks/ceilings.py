"""What this machine can do at most: products of matrices and copies, each measured in about a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

PRODUCT_SIZES = ((512, 512, 512), (1024, 1024, 1024), (3136, 576, 128))  # square ones, and one as convolutions have it
COPIED_BYTES = 64 * 2**20  # beyond every cache
SECONDS = 1.0


@dataclass(frozen=True)
class Ceilings:
    """The best rates seen with so many threads, each of which has one thread of BLAS. A copy reads and writes."""

    threads: int
    flops_per_second: float
    bytes_per_second: float

    def __str__(self) -> str:
        products, copies = f"{self.flops_per_second / 1e9:.0f} GFLOP/s", f"{self.bytes_per_second / 1e9:.1f} GB/s"
        each = "thread" if self.threads == 1 else "threads"
        return f"{self.threads} {each}: {products} in products, {copies} in copies"


def ceilings(threads: int, seconds: float = SECONDS) -> Ceilings:
    """Measured now, with all threads at once."""
    each = seconds / len(PRODUCT_SIZES)
    with threadpool_limits(1, user_api="blas"):
        flops = max(_rate(threads, each, lambda size=size: _product(*size)) for size in PRODUCT_SIZES)  # type: ignore[misc]
        moved = _rate(threads, seconds, _copy)
    return Ceilings(threads, flops, moved)


def _product(rows: int, inner: int, columns: int) -> tuple[Callable[[], object], float]:
    a, b = np.ones((rows, inner), np.float32), np.ones((inner, columns), np.float32)
    out = np.empty((rows, columns), np.float32)
    return lambda: np.matmul(a, b, out=out), 2.0 * rows * inner * columns


def _copy() -> tuple[Callable[[], object], float]:
    source, target = np.ones(COPIED_BYTES // 4, np.float32), np.zeros(COPIED_BYTES // 4, np.float32)
    return lambda: np.copyto(target, source), 2.0 * COPIED_BYTES


def _rate(threads: int, seconds: float, make: Callable[[], tuple[Callable[[], object], float]]) -> float:
    """The best rate of all threads together: each repeats its own work, the fastest run of each counts."""
    works = [make() for _ in range(threads)]

    def best(work: Callable[[], object]) -> float:
        work()
        end, least = time.perf_counter() + seconds, float("inf")
        while (start := time.perf_counter()) < end:
            work()
            least = min(least, time.perf_counter() - start)
        return least

    with ThreadPoolExecutor(threads) as pool:
        taken = list(pool.map(best, [work for work, _ in works]))
    return sum(amount / least for least, (_, amount) in zip(taken, works, strict=True))
