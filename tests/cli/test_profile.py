"""`cnngraph profile`: the table, the file, and what cannot be measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.terminal import NETS, Run, Written

from cnngraph.partition.profile import load_profile

LENET = NETS / "lenet5.cnn"


def test_the_table_and_the_file(run: Run, tmp_path: Path) -> None:
    out = run("profile", LENET, "--batch", "4", "--rounds", "2", "--workers", "2", "-o", "p.json").done().out
    assert "lenet5: one worker, each of 2 at the same time" in out
    assert all(word in out for word in ("estimated", "measured", "ratio", "convolution", "profile: p.json"))
    found = load_profile(tmp_path / "p.json")
    assert (found.net, found.gradient, found.workers) == ("lenet5", False, 2)
    assert found.inputs == {"image": (4, 32, 32, 1)}
    assert found.device.name == "cpu0"
    assert sum(found.nodes.values()) == pytest.approx(found.run_seconds)


def test_a_training_step_on_another_device(run: Run, tmp_path: Path) -> None:
    more = ("--gradient", "--devices", "2", "--rounds", "1", "--workers", "1", "--format", "json", "-o", "p.json")
    outcome = run("profile", "tiny.cnn", *more).done()
    rows = json.loads(outcome.out)["rows"]
    assert {"convolution", "gradient", "pooling"} <= {row["kind"] for row in rows}
    assert outcome.err == "profile: p.json\n"
    found = load_profile(tmp_path / "p.json")
    assert found.gradient
    assert found.device.name == "gpu0"


def test_wrong_requests(run: Run, written: Written) -> None:
    run("profile", "nowhere.cnn").refused("nowhere.cnn")
    run("profile", "tiny.cnn", "--rounds", "0").refused("--rounds", code=2)
    run("profile", "tiny.cnn", "--devices", "0").refused("E0601")
    run("profile", NETS / "unet.cnn", "--rounds", "1").refused("E0109", "--set")
    run("profile", "tiny.cnn", "-o", "tiny.cnn/p.json").refused("cannot be written")
    run("profile", "tiny.cnn", "--workers", 10**6).refused("--workers", code=2)
    run("profile", "tiny.cnn", "--batch", 10**30).refused("E0602", "choose smaller sizes")
    assert written() == set()
