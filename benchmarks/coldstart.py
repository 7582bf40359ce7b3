"""From the start of a process to the first prediction of LeNet-5: imports, building, weights read, one image."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.agreement import FLOAT32, agrees, apart
from benchmarks.engine import JAX, ONNX_RUNTIME, OURS, PYTORCH
from benchmarks.measurement import COLD_START, Measurement
from benchmarks.networks import Subject, Values, subject
from cnngraph.ir.op import Array
from cnngraph.resources import PACKAGE, resource

NETWORK = "lenet5"
SCRIPTS = Path(__file__).with_name("first_prediction")
PROGRAMS: Mapping[str, str] = {
    OURS: "with_cnngraph.py",
    PYTORCH[0]: "with_torch.py",
    ONNX_RUNTIME: "with_onnxruntime.py",
    JAX: "with_jax.py",
}
"""PyTorch has no layout here: one image of one channel is the same in both."""

LAYERS = {"c1.conv": 0, "c3.conv": 3, "c5.conv": 6, "f6.dense": 9, "output.dense": 11}
"""The places of the layers in a `Sequential` of PyTorch."""


def cold_starts(engines: Sequence[str], threads: int, rounds: int) -> list[Measurement]:
    """A process of each engine in turn; the first of each is not counted: it fills the caches of the disk."""
    programs = {name: PROGRAMS[name] for name in engines if name in PROGRAMS}
    taken: dict[str, list[float]] = {name: [] for name in programs}
    predictions: dict[str, Values] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        prepare(folder, subject(NETWORK, 1), ONNX_RUNTIME in programs)
        for name, program in programs.items():
            seconds_of(program, folder, threads)
            predictions[name] = {"output": np.load(folder / "prediction.npy").reshape(1, -1)}
        for _ in range(rounds):
            for name, program in programs.items():
                taken[name].append(seconds_of(program, folder, threads))
    expected = predictions.get(PYTORCH[0], predictions[OURS])
    far = {name: apart(found, expected, {}) for name, found in predictions.items()}
    right = {name: tuple(s) if agrees(far[name], FLOAT32) else () for name, s in taken.items()}
    return [Measurement(NETWORK, 1, COLD_START, name, right[name], far[name].worst) for name in programs]


def prepare(folder: Path, read: Subject, onnx: bool) -> None:
    """What the programs read: the image, and the network with its weights in the form of each engine."""
    shutil.copy(resource("specs", "nets", f"{NETWORK}.cnn"), folder)
    states = {node.name: read.states[node.name] for node in read.forward.states}
    np.save(folder / "image.npy", read.feeds["image"])
    np.savez(folder / "ours.npz", **states)
    turned = {
        f"{place}.{kind}": states[f"{layer}.{kind}"] for layer, place in LAYERS.items() for kind in ("weight", "bias")
    }
    np.savez(folder / "theirs.npz", **{name: _channels_first(value) for name, value in turned.items()})
    if onnx:
        from benchmarks.peers.onnxruntime import exported

        exported(read, folder / "lenet5.onnx")


def _channels_first(weight: Array) -> Array:
    """(h, w, c, k) as (k, c, h, w); (c, k) as (k, c)."""
    return np.ascontiguousarray(np.moveaxis(weight.swapaxes(-1, -2), (-2, -1), (0, 1)) if weight.ndim > 1 else weight)


def seconds_of(program: str, folder: Path, threads: int) -> float:
    """Until the program has its prediction, as it says itself by the clock of the machine."""
    found = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    found.pop("PYTHONDONTWRITEBYTECODE", None)  # a package that is installed has its modules compiled
    command = [sys.executable, str(SCRIPTS / program), str(folder), str(threads)]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env=found)
    if done.returncode:
        raise SystemExit(f"{program} failed:\n{done.stderr}")
    return float(done.stdout.split()[-1]) - start
