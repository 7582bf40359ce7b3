"""A division that was kept is the one that runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli.terminal import Run

from cnngraph.interop.safetensors import load_weights
from cnngraph.resources import resource

NET = """
net n(image: 1@16x16) = conv(16, 3x3, same) -> relu -> conv(24, 3x3, same) -> relu -> globalavgpool -> dense(10)
    -> softmax
train { data: digits(size = 16, batch = 64, limit = 256); loss: cross_entropy(output, label); epochs: 1 }
"""
CLUSTER = """
default_link = {bytes_per_second = 1e12, latency_seconds = 1e-9}
[[device]]
name = "left"
memory_bytes = "1 GB"
flops_per_second = 1e8
bytes_per_second = 1e9
[[device]]
name = "right"
memory_bytes = "1 GB"
flops_per_second = 1e8
bytes_per_second = 1e9
"""


@pytest.fixture
def kept(run: Run, tmp_path: Path) -> Path:
    """A division of the training step, moved by hand."""
    (tmp_path / "n.cnn").write_text(NET)
    (tmp_path / "c.toml").write_text(CLUSTER)
    found = run("partition", "n.cnn", "--devices", "c.toml", "--gradient", "--batch", "64", "--format", "json")
    path = tmp_path / "kept.json"
    path.write_text(found.out)
    assert {stage["device"] for stage in json.loads(found.out)["stages"]} == {"left", "right"}
    return path


def test_training_as_a_kept_division_says(run: Run, kept: Path) -> None:
    run("train", "n.cnn", "--devices", "kept.json", "--microbatches", "2", "-o", "a.safetensors")
    run("train", "n.cnn", "--microbatches", "2", "-o", "b.safetensors")
    found, expected = (load_weights(kept.parent / name)[0] for name in ("a.safetensors", "b.safetensors"))
    assert found.keys() == expected.keys()
    assert [name for name in expected if not np.array_equal(found[name], expected[name])] == []


def test_a_division_of_another_net_is_refused(run: Run, kept: Path) -> None:
    other = resource("specs", "nets", "lenet5.cnn")
    run("train", str(other), "--devices", "kept.json").refused("E0604", "n")


def test_what_is_no_division_is_refused(run: Run, kept: Path) -> None:
    kept.write_text("[]")
    run("run", "n.cnn", "--devices", "kept.json").refused("E0604", "kept.json")
