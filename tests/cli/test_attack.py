"""`cnngraph attack`: a table, a plot and pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.terminal import Run


def test_tables_and_pictures(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="charts are an extra")
    run("train", "tiny.cnn", "--epochs", "3").done()
    asked = ("attack", "tiny.cnn", "-e", "0,20", "--steps", "3", "--limit", "60")
    told = run(*asked, "--plot", "a.svg", "--pictures", "a.png", "--format", "json", "--shown", "20").done()
    rows = json.loads(told.out)["rows"]
    assert [row["size"] for row in rows] == [0, 20]
    assert rows[1]["stepped"] < rows[0]["stepped"] == rows[0]["noise"]
    assert (tmp_path / "a.svg").stat().st_size > 1000
    assert (tmp_path / "a.png").stat().st_size > 1000
    assert run(*asked, "--random-start", "--target", "3").done("taken for 3").out == run(
        *asked, "--random-start", "--target", "3"
    ).out


def test_wrong_attacks(run: Run) -> None:
    run("train", "tiny.cnn").done()
    run("attack", "tiny.cnn", "-e", "some").refused("--epsilon", code=2)
    run("attack", "tiny.cnn", "-e", "300").refused("E0108")
    run("attack", "tiny.cnn", "--target", "cat").refused("E0101")
    run("attack", "tiny.cnn", "--steps", "0").refused("--steps", code=2)
