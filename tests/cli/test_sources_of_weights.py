"""`--weights`, `--map` and `--strict` of the commands that take weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli.terminal import Run

from cnngraph.interop.safetensors import load_weights, save_weights
from cnngraph.net import load


@pytest.fixture
def foreign(run: Run, tmp_path: Path) -> Path:
    """Weights of `tiny.cnn` with another prefix and another name, in a file that says nothing of training."""
    net = load(tmp_path / "tiny.cnn")
    net(np.zeros((1, 8, 8, 1), np.float32))
    names = {f"net.{name.replace('class', 'fc')}": 2 * array for name, array in net.states.items()}
    save_weights(tmp_path / "foreign.safetensors", names)
    return tmp_path / "foreign.safetensors"


def test_names_are_mapped_by_pairs_or_by_a_file(run: Run, foreign: Path, tmp_path: Path) -> None:
    run("run", "tiny.cnn", "--weights", foreign, "--map", "net.fc.*=class.*", "--map", "net.*=*", "-o", "a.npy").done()
    (tmp_path / "names.json").write_text(json.dumps({"net.fc.*": "class.*", "net.*": "*"}))
    (tmp_path / "names.toml").write_text('"net.fc.*" = "class.*"\n"net.*" = "*"\n')
    for file in ("names.json", "names.toml"):
        run("run", "tiny.cnn", "--weights", foreign, "--map", file, "--strict", "-o", "b.npy").done()
        assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()
    run("run", "tiny.cnn", "-o", "b.npy").done()
    assert (tmp_path / "a.npy").read_bytes() != (tmp_path / "b.npy").read_bytes()


def test_evaluation_maps_names_too(run: Run, foreign: Path) -> None:
    given = ("--weights", foreign, "--map", "net.fc.*=class.*", "--map", "net.*=*")
    run("evaluate", "tiny.cnn", *given).done("accuracy")


def test_all_that_does_not_fit_is_told_at_once(run: Run, foreign: Path) -> None:
    outcome = run("run", "tiny.cnn", "--weights", foreign, "--map", "net.conv.wait=conv.weight").refused(
        "the weights lack class.dense.bias (10)", "--map 'net.*=*'", "the file has net.conv.weight"
    )
    assert outcome.codes == ["E0703"] * 5


def test_strictly_nothing_else_is_there(run: Run, foreign: Path) -> None:
    arrays, _ = load_weights(foreign)
    save_weights(foreign, {**arrays, "net.moment": np.zeros(3, np.float32)})
    given = ("run", "tiny.cnn", "--weights", foreign, "--map", "net.fc.*=class.*", "--map", "net.*=*")
    run(*given).done()
    run(*given, "--strict").refused("the network has no moment (3)")


@pytest.mark.parametrize("given", ["a", "=", "a=", "*=a", "nowhere.json", "tiny.cnn.toml"])
def test_renamings_that_are_none(run: Run, given: str, tmp_path: Path) -> None:
    (tmp_path / "tiny.cnn.toml").write_text("cnn 1")
    assert run("run", "tiny.cnn", "--map", given).refused().codes == ["E0703"]


def test_files_that_hold_no_weights(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "index.json").write_text('{"weight_map": {"conv.weight": "../../secret.safetensors"}}')
    for file in ("nowhere", ".", "empty", "tiny.cnn", "index.json"):
        assert run("run", "tiny.cnn", "--weights", file).refused(file).codes == ["E0703"]


def test_training_begins_with_weights(run: Run, foreign: Path, tmp_path: Path) -> None:
    """Also where averages are kept, which begin as their states do; with a rate of 0 nothing changes."""
    text = (tmp_path / "tiny.cnn").read_text().replace("lr = 0.1, momentum = 0.9", "lr = 0")
    (tmp_path / "still.cnn").write_text(text)
    (tmp_path / "mean.cnn").write_text(text.replace("  epochs:", "  average:   ema(0.9)\n  epochs:"))
    given = ("--weights", foreign, "--map", "net.fc.*=class.*", "--map", "net.*=*")
    before, _ = load_weights(foreign)
    for file, more in (("still.cnn", ()), ("mean.cnn", ()), ("still.cnn", ("--devices", "2", "--microbatches", "2"))):
        run("train", file, *given, *more, "-o", "after.safetensors").done()
        after, _ = load_weights(tmp_path / "after.safetensors")
        for name, array in before.items():
            np.testing.assert_allclose(after[name.replace("net.fc", "class").removeprefix("net.")], array, rtol=1e-6)
    run("train", "tiny.cnn", "--weights", foreign).refused("E0703", "--map 'net.*=*'")
    run("train", "still.cnn", *given, "-o", "a.safetensors").done()
    run("train", "still.cnn", "--weights", "nowhere", "-o", "b.safetensors").refused("E0703")
    assert not (tmp_path / "b.safetensors").exists()
