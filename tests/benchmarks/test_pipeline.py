"""The benchmark of pipelines: what it runs, and what its rows say."""

from __future__ import annotations

import pytest

from benchmarks import pipeline
from benchmarks.networks import Choice
from benchmarks.pipeline import HEAD, Row, lines, measured
from cnngraph.pipeline.schedule import Phase
from cnngraph.pipeline.timeline import Span, Timeline


def timeline(name: str, seconds: float) -> Timeline:
    spans = {device: (Span(device, Phase.FORWARD, 0, "compute", 0.0, seconds),) for device in ("a", "b")}
    return Timeline(name, spans)


def test_a_row_compares_with_one_device_and_with_what_was_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    told = timeline("predicted", 0.009), timeline("predicted", 0.011)
    rows = [Row("one device", (0.03, 0.02, 0.04)), Row("1f1b", (0.02, 0.01, 0.02), told, timeline("measured", 0.02))]
    monkeypatch.setattr(pipeline, "measured", lambda *_: rows)
    first, second = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines("lenet5", "training", 4, 3))
    assert len(first) == len(second) == len(HEAD)
    assert first[4:] == ["one device", "20.0 / 30.0 ms, 67%", "1.00 / 1.00", "", ""]
    assert second[4:] == ["1f1b", "10.0 / 20.0 ms, 50%", "2.00 / 1.50", "10.0 ms, 0.50", "0% (20%)"]


def test_all_ways_run_the_same_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "NETWORKS", {"lenet5": Choice(8)})
    rows = measured("lenet5", False, 2, 1)
    assert [row.way for row in rows] == ["one device", "fill-drain", "1 worker, tiles", "2 workers, tiles"]
    assert all(row.rounds and min(row.rounds) > 0 for row in rows)
    assert [len(row.predicted) for row in rows] == [0, 2, 0, 0]
    assert rows[1].seen is not None
    assert rows[1].seen.devices == ("gpu0", "gpu1")
