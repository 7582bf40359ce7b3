from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.efficiency import Point, chart, main, table

POINTS = [Point("dense", "hidden = 4", 3190, (0.9, 0.8)), Point("cnn", "n1 = 2", 1500, (0.95,))]


def test_the_table() -> None:
    assert table(POINTS).splitlines()[2:] == [
        "| dense | hidden = 4 | 3,190 | 85.00% | 7.07% |",
        "| cnn | n1 = 2 | 1,500 | 95.00% | 0.00% |",
    ]


def test_the_picture() -> None:
    pytest.importorskip("matplotlib", reason="charts are drawn by matplotlib")
    svg = chart(POINTS).svg()
    assert ">dense<" in svg
    assert ">cnn<" in svg


def test_small_nets_are_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--epochs", "1", "--seeds", "1", "--sizes", "1"]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split(" | ")[:3] for row in rows] == [
        ["| digits_dense", "hidden = 4", "3,190"],
        ["| digits_cnn", "n1 = 2, n2 = 4, hidden = 16", "1,466"],
    ]
