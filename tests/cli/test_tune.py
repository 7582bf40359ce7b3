"""`cnngraph tune`, and settings of the train section in `cnngraph train`."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from cli.terminal import Run


def test_a_search_and_the_command_that_it_tells(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="charts are an extra")
    asked = ("tune", "tiny.cnn", "--set", "lr=1e-4,0.1", "--set", "epochs=1,2", "--jobs", "2")
    first = run(*asked, "--plot", "effects.svg").done("best: trial", "cnngraph train tiny.cnn --set lr=")
    assert first.err.count("\n") == 4
    assert {"tiny.search", "effects.svg"} <= {path.name for path in tmp_path.iterdir()}
    again = run(*asked, "--format", "csv").done()
    rows = list(csv.DictReader(again.out.splitlines()))
    assert sorted((row["lr"], row["epochs"]) for row in rows) == [
        ("0.0001", "1"), ("0.0001", "2"), ("0.1", "1"), ("0.1", "2"),
    ]  # fmt: skip
    assert float(rows[0]["accuracy"]) >= float(rows[-1]["accuracy"])
    command = next(line for line in first.out.splitlines() if line.startswith("  cnngraph train"))
    run(*command.split()[1:]).done("weights: tiny.safetensors")


def test_wrong_searches(run: Run, tmp_path: Path) -> None:
    run("tune", "tiny.cnn").refused("--set", code=2)
    run("tune", "tiny.cnn", "--set", "lr").refused("NAME=VALUES", code=2)
    run("tune", "tiny.cnn", "--set", "lr=1", "--set", "lr=2").refused("given twice", code=2)
    run("tune", "tiny.cnn", "--set", "lr=log(1,2)", "--grid").refused("E0108", "log(1,2,5)")
    run("tune", "tiny.cnn", "--set", "lr=log(0,1)").refused("E0108", "--set:1:1")
    run("tune", "tiny.cnn", "--set", "lrr=1,2").refused("E0107", "did you mean `lr`?")
    run("tune", "tiny.cnn", "--set", "lr=1,2", "--grid", "--trials", "3").refused("--grid", code=2)
    run("tune", "tiny.cnn", "--set", "lr=lin(1,2)", "--halving", "--sampler", "tpe").refused("--halving", code=2)
    pytest.importorskip("matplotlib", reason="charts are an extra")
    run("tune", "tiny.cnn", "--set", "lr=1", "--jobs", "1", "--epochs", "1", "--plot", ".").refused("cannot be written")
    assert not (tmp_path / "tiny.search").exists()


def test_a_search_in_which_all_trials_fail(run: Run) -> None:
    told = run("tune", "tiny.cnn", "--set", "lr=fast", "--jobs", "1")
    assert told.code == 1
    assert "no trial gave a figure" in told.out


def test_settings_of_the_train_section(run: Run) -> None:
    run("train", "tiny.cnn", "--set", "epochs=2", "--set", "lr=0.05").done("epoch 2/2")
    run("train", "tiny.cnn", "--set", "limit=20", "--set", "classes=10").done("epoch 1/1")
    run("train", "tiny.cnn", "--set", "lr=fast").refused("E0103", "lr of sgd is a number")
    run("train", "tiny.cnn", "--set", "moment=0.5").refused("E0107", "did you mean `momentum`?")
