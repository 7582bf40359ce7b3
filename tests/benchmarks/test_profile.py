"""The report of where time goes, on records that are made up."""

from __future__ import annotations

import pytest

from benchmarks.ceilings import Ceilings, ceilings
from benchmarks.profile import WAIT, idle, profile, report, shares, word_of
from cnngraph.runtime.worker import Timing

CALLS = [
    Timing("a", "conv(8, 3x3)", "winograd", 0, 0, 0.004, 0.4e9, 1e6),
    Timing("a", "conv(8, 3x3)", "winograd", 0, 1, 0.003, 0.3e9, 1e6),
    Timing("b", "relu", "in place", 0, 0, 0.001, 0.0, 2e7),
    Timing("", WAIT, WAIT, 1, 0, 0.0005, 0.0, 0.0),
    Timing("", WAIT, WAIT, 1, 1, 0.0025, 0.0, 0.0),
    Timing("c", "conv(4, 1x1)", "rows", 1, 1, 0.002, 0.1e9, 1e6),
    Timing("", WAIT, WAIT, 2, 0, 0.0020, 0.0, 0.0),
]
ONE = Ceilings(1, 200e9, 40e9)


def test_calls_of_one_kernel_are_one_row() -> None:
    first, *others = shares(CALLS, lambda t: (word_of(t.op), t.kernel))
    assert first.what == ("conv", "winograd")
    assert (first.calls, first.flops) == (2, 0.7e9)
    assert first.seconds == pytest.approx(0.007)
    assert [s.what for s in others] == [(WAIT, WAIT), ("conv", "rows"), ("relu", "in place")]


def test_workers_wait_before_stages() -> None:
    assert idle(CALLS) == {1: {0: 0.0005, 1: 0.0025}, 2: {0: 0.002, 1: 0.0}}


def test_report() -> None:
    text = report(CALLS, ONE, top=2)
    assert "10.00 ms of work in 4 calls, 0.80 GFLOP" in text
    assert "| conv | winograd | 2 | 7.00 | 70.0% | 100.0 (50%) | 0.3 (1%) |" in text
    assert "| a | conv(8, 3x3) | winograd | 2 |" in text
    assert "in place" not in text  # the third of the kernels, and of the nodes
    assert "| all | 2.50, 2.50 |" in text


def test_a_network() -> None:
    text = profile("lenet5", ["single"], threads=1)
    assert "with 1 thread:" in text
    assert "## lenet5, batch 1: inference, batch 1" in text
    assert "| output.softmax | softmax |" in text


def test_ceilings_are_measured() -> None:
    found = ceilings(1, seconds=0.05)
    assert found.flops_per_second > 1e8
    assert found.bytes_per_second > 1e8
