"""A run that is killed at any moment and resumed ends with the bytes of one that was not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from cnngraph.train.log import Log, read_log

NET = """cnn 1
net small(image: 1@8x8) {
  conv(6, 3x3, same) -> batchnorm -> relu -> dropout(0.2) -> maxpool(2x2)
  flatten
  class: dense(10) -> softmax
}
train small {
  data:      digits(batch = 25, limit = 700)
  augment:   shift(1) -> rotate(10)
  loss:      cross_entropy(class, label)
  optimizer: adam(lr = 0.01)
  schedule:  plateau(patience = 1, factor = 0.5, warmup = 0.5)
  average:   ema(decay = 0.9)
  metrics:   accuracy -> top_5
  stop:      early(patience = 5)
  accumulate: 2
  epochs:    EPOCHS
  seed:      11
}
"""
FILES = ("small.safetensors", "small.best.safetensors")


def start(folder: Path, workers: int, preparing: int, *options: str) -> subprocess.Popen[bytes]:
    """A process that trains in a folder; it saves after every second step."""
    return subprocess.Popen(
        [sys.executable, "-m", "cnngraph", "train", "small.cnn", "--save-every", "2", "--validate", "0.2",
         "--log", "run.jsonl", "--workers", str(workers), "--data-workers", str(preparing), *options],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip


def finished(job: subprocess.Popen[bytes]) -> None:
    _, err = job.communicate(timeout=300)
    assert job.returncode == 0, err.decode()


def folder(path: Path, epochs: int) -> Path:
    path.mkdir()
    (path / "small.cnn").write_text(NET.replace("EPOCHS", str(epochs)), encoding="utf-8")
    return path


def timeless(log: Log) -> tuple[object, ...]:
    """The figures of a log, which do not say when they were measured."""
    steps = [(row.epoch, row.step) for row in log.steps]
    epochs = [(row.epoch, row.loss, row.test_loss, row.metrics, row.accuracy, row.best) for row in log.epochs]
    return steps, epochs, log.test


def killed(tmp_path: Path, kills: int, epochs: int, seed: int) -> None:
    """Kill runs at moments of chance, each time after something more was saved, and compare what is there at the end
    with what a run without kills leaves.
    """
    whole, part = folder(tmp_path / "whole", epochs), folder(tmp_path / "part", epochs)
    finished(start(whole, 1, 1))
    chance, target = Random(seed), part / FILES[0]
    for kill in range(kills):
        saved = target.stat().st_mtime_ns if target.exists() else 0
        job = start(part, chance.choice([1, 2, 3]), chance.choice([1, 2, 3]), *(["--resume"] if kill else []))
        while job.poll() is None and (not target.exists() or target.stat().st_mtime_ns == saved):
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.15))
        assert job.poll() is None, "the run is too short for so many kills"
        job.kill()
        job.communicate()
    finished(start(part, 2, 2, "--resume"))
    for name in FILES:
        assert (part / name).read_bytes() == (whole / name).read_bytes(), name
    assert timeless(read_log(part / "run.jsonl")) == timeless(read_log(whole / "run.jsonl"))
    assert sorted(path.name for path in part.iterdir()) == sorted(path.name for path in whole.iterdir())


def test_three_kills_change_no_byte(tmp_path: Path) -> None:
    killed(tmp_path, kills=3, epochs=6, seed=0)


@pytest.mark.sweep
def test_twenty_kills_change_no_byte(tmp_path: Path) -> None:
    killed(tmp_path, kills=20, epochs=40, seed=1)
