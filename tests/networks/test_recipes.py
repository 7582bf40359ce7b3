"""The recipes whose figures are told, in short: they learn as fast as they should. The full runs take hours."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cnngraph.net import load
from cnngraph.resources import resource
from cnngraph.train.curves import read_runs
from cnngraph.train.fit import fit

NETS = resource("specs", "nets")
RUNS = resource("specs", "runs")


@pytest.mark.sweep
@pytest.mark.skipif("CNNGRAPH_DATA" not in os.environ, reason="CNNGRAPH_DATA names no folder with MNIST")
@pytest.mark.parametrize(("name", "least"), [("lenet5", 0.96), ("fashion", 0.84)])
def test_an_epoch_of_a_recipe(name: str, least: float) -> None:
    net = load(NETS / f"{name}.cnn")
    (row,) = fit(net.training, net.data(), epochs=1).rows
    assert row.test_accuracy is not None
    assert row.test_accuracy > least


@pytest.mark.parametrize(("name", "least"), [("lenet5", 0.9918), ("fashion", 0.91), ("fashion_wide", 0.93)])
def test_the_run_that_is_told_went_to_its_end(name: str, least: float) -> None:
    (run,) = read_runs([RUNS / f"{name}.json"])
    assert len(run.log.epochs) == load(NETS / f"{name}.cnn").training.epochs
    assert (run.log.epochs[-1].test_accuracy or 0) >= least


def test_what_is_transferred_is_there_from_the_first_step(tmp_path: Path) -> None:
    text = (NETS / "transfer.cnn").read_text(encoding="utf-8")
    file = tmp_path / "transfer.cnn"
    file.write_text(text.replace("data:      mnist(batch = 64)", "data:      digits(size = 28, batch = 32)"))
    source = load(file, "source")
    fit(replace(source.training, augment=()), source.data(), epochs=3, output=tmp_path / "source.safetensors")
    first = {}
    for name in ("from_scratch", "frozen", "slow_trunk"):
        net = load(file, name)
        first[name] = net.fit(epochs=2).rows[-1].test_accuracy or 0.0
    assert first["from_scratch"] < first["frozen"] > 0.8
    assert first["from_scratch"] < first["slow_trunk"] > 0.8
