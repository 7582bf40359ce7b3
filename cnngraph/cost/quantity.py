"""Quantities with units, as people write and read them: `16 GB`, `9.7 TFLOP/s`, `10 us`."""

from __future__ import annotations

import math
import re

DECIMAL = {"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
UNITS: dict[str, dict[str, float]] = {
    "bytes": {f"{p}B": f for p, f in (DECIMAL | BINARY).items()},
    "flops_per_second": {f"{p}{u}": f for p, f in DECIMAL.items() for u in ("FLOP/s", "FLOPS", "flop/s")},
    "bytes_per_second": {f"{p}B/s": f for p, f in (DECIMAL | BINARY).items()},
    "seconds": {"s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9},
}
EXAMPLES = {
    "bytes": "16 GB",
    "flops_per_second": "10 TFLOP/s",
    "bytes_per_second": "12 GB/s",
    "seconds": "10 us",
}


def read_quantity(value: object, kind: str) -> float | None:
    """The number in units of `kind` (a key of `UNITS`): a number stands for itself, a text has a unit; else None.

    >>> read_quantity("16 GB", "bytes"), read_quantity("2 s", "seconds"), read_quantity("3 apples", "bytes")
    (16000000000.0, 2.0, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    parts = re.fullmatch(r"\s*([+-]?[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*([A-Za-zµ/]+)\s*", str(value))
    if parts is None or parts[2] not in UNITS[kind]:
        return None
    unit = UNITS[kind][parts[2]]
    amount = float(parts[1]) * unit if unit >= 1 else float(parts[1]) / round(1 / unit)  # 5 us is 5e-6 to the last bit
    return amount if math.isfinite(amount) else None


def bytes_text(count: float) -> str:
    """`count` bytes with three digits.

    >>> bytes_text(999), bytes_text(61_706 * 4), bytes_text(16e9)
    ('999 B', '247 kB', '16 GB')
    """
    return _scaled(count, [("B", 1), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12)])


def seconds_text(seconds: float) -> str:
    """`seconds` with three digits.

    >>> seconds_text(0.0123), seconds_text(0)
    ('12.3 ms', '0 s')
    """
    return _scaled(seconds, [("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1)]) if seconds else "0 s"


def _scaled(amount: float, units: list[tuple[str, float]]) -> str:
    name, factor = next((u for u in reversed(units) if amount >= u[1]), units[0])
    scaled = amount / factor
    whole = factor == 1 and scaled == int(scaled)
    return f"{int(scaled) if whole else format(scaled, '.3g')} {name}"
