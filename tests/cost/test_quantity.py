"""Quantities with units."""

from __future__ import annotations

import pytest

from cnngraph.cost.quantity import bytes_text, read_quantity, seconds_text


@pytest.mark.parametrize(
    ("text", "kind", "amount"),
    [
        ("16 GB", "bytes", 16e9),
        ("4GiB", "bytes", 4 * 2**30),
        ("1_000 B", "bytes", 1000),
        ("9.7 TFLOP/s", "flops_per_second", 9.7e12),
        ("312e3 GFLOPS", "flops_per_second", 312e12),
        ("12 GB/s", "bytes_per_second", 12e9),
        ("10 us", "seconds", 1e-5),
        (3, "bytes", 3),
        (-2.5, "seconds", -2.5),
    ],
)
def test_reads(text: object, kind: str, amount: float) -> None:
    assert read_quantity(text, kind) == pytest.approx(amount)


@pytest.mark.parametrize("wrong", ["16", "GB", "16 GB/s", "16 gigs", "1e999 GB", True, None, [1], float("nan")])
def test_refuses(wrong: object) -> None:
    assert read_quantity(wrong, "bytes") is None


def test_writes_three_digits() -> None:
    assert [bytes_text(n) for n in (0, 999, 1000, 1234567, 16e9)] == ["0 B", "999 B", "1 kB", "1.23 MB", "16 GB"]
    assert [seconds_text(t) for t in (0, 2.5e-9, 1e-5, 0.0123, 90)] == ["0 s", "2.5 ns", "10 us", "12.3 ms", "90 s"]
