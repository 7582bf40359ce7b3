"""The table, its targets, and files of reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.agreement import Apart, agrees, apart, limits
from benchmarks.clock import alternating
from benchmarks.engine import CHANNELS_LAST, CONTIGUOUS, ONNX_RUNTIME, OURS
from benchmarks.measurement import INFERENCE, INFERENCE_MEMORY, Measurement, Report, read
from benchmarks.table import markdown
from benchmarks.targets import comparisons

TIMES = {OURS: (0.010, 0.012), CONTIGUOUS: (0.030, 0.020), CHANNELS_LAST: (0.016, 0.040), ONNX_RUNTIME: (0.005, 0.005)}
FOUND = tuple(Measurement("net", 8, INFERENCE, engine, rounds) for engine, rounds in TIMES.items())
REPORT = Report({"cores": 2}, FOUND)


def row(report: Report) -> list[str]:
    return [cell.strip() for cell in markdown(report).splitlines()[2].split("|")[1:-1]]


def test_a_row_has_the_seconds_and_what_is_reached() -> None:
    assert row(REPORT) == [
        "net", "8", "inference",
        "10.0 / 11.0 ms, 18%", "20.0 / 25.0 ms, 40%", "16.0 / 28.0 ms, 86%", "5.00 / 5.00 ms, 0%",
        "0.62", "0.9", "yes", "2.00", "1.2", "no",
    ]  # fmt: skip
    assert "Targets reached: x PyTorch 1 of 1, x ONNX Runtime 0 of 1." in markdown(REPORT)
    assert "cores 2" in markdown(REPORT)


def test_no_time_is_printed_for_other_results() -> None:
    wrong = Measurement("net", 8, INFERENCE, OURS, (), apart=0.25)
    cells = row(Report({}, (wrong, *FOUND[1:])))
    assert cells[3] == "other results (2e-01)"
    assert cells[-6:] == [""] * 6


def test_memory_is_told_in_megabytes() -> None:
    assert str(Measurement("net", 8, INFERENCE_MEMORY, OURS, (123e6,))) == "123 MB"


def test_the_better_layout_counts() -> None:
    (found,) = comparisons(FOUND)
    assert found.ratio(OURS, [CONTIGUOUS, CHANNELS_LAST]) == pytest.approx(0.010 / 0.016)
    assert found.ratio(OURS, ["JAX"]) is None


def test_reports_are_read_again_and_joined(tmp_path: Path) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    Report({"cores": 1}, FOUND[:2]).write(first)
    Report({"cores": 2}, FOUND[2:]).write(second)
    assert read([first, second]) == REPORT


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the picture is drawn by matplotlib")
    from benchmarks.plot import draw

    draw(REPORT, tmp_path / "ratios.png")
    assert (tmp_path / "ratios.png").read_bytes().startswith(b"\x89PNG")


def test_each_engine_has_as_many_rounds() -> None:
    calls: list[str] = []
    taken = alternating({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=3)
    assert {name: len(seconds) for name, seconds in taken.items()} == {"a": 3, "b": 3}
    assert min(map(min, taken.values())) >= 0
    assert calls.index("b") < len(calls) - calls[::-1].index("a")  # they take turns


def test_results_that_differ_are_apart() -> None:
    y = {"y": np.array([3.0, 4.0])}
    assert apart({"y": np.array([3.0, 4.5])}, y, {}).results == pytest.approx(0.1)
    assert apart({"y": np.array([3.0, np.nan])}, y, {}).worst == float("inf")
    assert apart({"y": np.array([3.0])}, y, {}).worst == float("inf")
    assert apart({"z": y["y"]}, y, {}).worst == float("inf")


def test_weights_are_compared_by_their_change() -> None:
    before, after = {"w": np.array([100.0, 100.0])}, {"w": np.array([100.0, 101.0]), "loss": np.array(2.0)}
    found = apart({"w": np.array([100.0, 100.5]), "loss": np.array(2.0)}, after, before)
    assert found == Apart(0.0, pytest.approx(0.5))


def test_rounding_that_a_trusted_engine_has_too_is_allowed() -> None:
    limit = limits([Apart(0.0), Apart(1e-6, 0.1)])
    assert agrees(Apart(9e-4, 0.3), limit)
    assert not agrees(Apart(2e-3, 0.3), limit)
    assert not agrees(Apart(9e-4, 0.3), limits([]))
