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
    run("robustness", "tiny.cnn", "--change", "rotate=5", "--change", "rotate=9").refused("given twice", code=2)
    run("robustness", "tiny.cnn", "--change", "mirror=3").refused("E0108", "mirror has no levels")


def test_wrong_endings_are_told_before_the_work(run: Run) -> None:
    pytest.importorskip("matplotlib", reason="charts are an extra")
    for asked in (("robustness", "--plot"), ("attack", "--plot"), ("evaluate", "--confusion"), ("tune", "--plot")):
        more = ("--set", "lr=0.1") if asked[0] == "tune" else ()
        run(asked[0], "tiny.cnn", asked[1], "x.gif", *more).refused("E0603", "x.gif")  # there are no weights yet
    for asked in (("robustness", "--pictures"), ("attack", "--pictures"), ("evaluate", "--mistakes"), ("show", "-o")):
        run(asked[0], "tiny.cnn", asked[1], "x.txt").refused("E0603", "x.txt")
    run("examine", "gradients", "tiny.cnn", "-o", "x.txt").refused("E0603", "x.txt")


def test_a_chart_of_what_has_no_levels(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="charts are an extra")
    run("train", "tiny.cnn").done()
    asked = ("robustness", "tiny.cnn", "--limit", "9", "--change", "mirror")
    run(*asked, "--plot", "x.png").refused("E0705", "mirror has no levels")
    run(*asked, "--pictures", "new/folder/x.png").done()
    assert (tmp_path / "new/folder/x.png").exists()
