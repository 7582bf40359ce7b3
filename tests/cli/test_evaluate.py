"""`cnngraph evaluate`: figures, confusions and mistakes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from cli.terminal import TINY, Run
from PIL import Image


def test_tables_and_pictures(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="charts are an extra")
    run("train", "tiny.cnn").done()
    text = run("evaluate", "tiny.cnn", "--per-class").done("top-1 error", "precision", "calibration error").out
    told = json.loads(run("evaluate", "tiny.cnn", "--format", "json").done().out)
    assert f"accuracy {told['totals']['accuracy']:.2%}" in text
    assert sum(row["images"] for row in told["rows"]) == told["totals"]["images"] == 297
    run("evaluate", "tiny.cnn", "--confusion", "c.csv", "--mistakes", "m.png", "--count", "5").done()
    rows = list(csv.reader((tmp_path / "c.csv").read_text().splitlines()))
    assert len(rows) == 11
    run("evaluate", "tiny.cnn", "--confusion", "c.svg", "--patches", "ten").done()
    assert (tmp_path / "c.svg").read_text().startswith("<?xml")
    with Image.open(tmp_path / "m.png") as picture:
        assert picture.size[0] > 100


def test_wrong_targets(run: Run, tmp_path: Path) -> None:
    run("train", "tiny.cnn").done()
    run("evaluate", "tiny.cnn", "--mistakes", ".").refused("cannot be written")
    pytest.importorskip("matplotlib", reason="charts are an extra")
    run("evaluate", "tiny.cnn", "--confusion", "c.gif").refused("E0603", "c.gif")


def test_a_net_without_classes(run: Run, tmp_path: Path) -> None:
    text = TINY.partition("class:")[0] + "output: dense(1)\n}\n" + TINY[TINY.index("train tiny") :]
    text = text.replace("cross_entropy(class, label)", "mse(output, 0)")
    (tmp_path / "number.cnn").write_text(text)
    run("train", "number.cnn").done()
    assert "loss" in run("evaluate", "number.cnn").done().out
    run("evaluate", "number.cnn", "--per-class").refused("no output with classes", code=2)
