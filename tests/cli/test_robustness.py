"""`cnngraph robustness`: a table, a plot and pictures of changes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from cli.terminal import Run


def test_tables_and_pictures(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="charts are an extra")
    run("train", "tiny.cnn").done()
    asked = ("--change", "rotate=10,90", "--change", "mirror", "--limit", "50")
    told = run("robustness", "tiny.cnn", *asked, "--plot", "r.svg", "--pictures", "r.png", "--format", "csv").done()
    rows = list(csv.DictReader(told.out.splitlines()))
    assert [(row["change"], row["level"]) for row in rows] == [
        ("unchanged", ""), ("rotate", "10.0"), ("rotate", "90.0"), ("mirror", "1"),
    ]  # fmt: skip
    assert (tmp_path / "r.svg").stat().st_size > 1000
    assert (tmp_path / "r.png").stat().st_size > 1000
    assert run("robustness", "tiny.cnn", *asked).done("images: 50").out == run("robustness", "tiny.cnn", *asked).out


def test_wrong_changes(run: Run) -> None:
    run("train", "tiny.cnn").done()
    run("robustness", "tiny.cnn", "--change", "twist").refused("E0101", "twist", "rotate")
    run("robustness", "tiny.cnn", "--change", "rotate=much").refused("--change", code=2)
    run("robustness", "tiny.cnn", "--change", "noise=2").refused("E0108")
