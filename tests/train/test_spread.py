"""`cnngraph train` with a process for each device: the bits of threads, whatever happens to the processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from cnngraph.interop.safetensors import load_weights
from cnngraph.ir.op import Array
from cnngraph.net import load
from cnngraph.runtime.pipelining import PipelineOptions
from cnngraph.train.history import Progress
from cnngraph.train.shards import folder_of

NET = """cnn 1
net small(image: 1@16x16) {
    conv(8, 3x3, pad = 1) -> batchnorm -> relu -> maxpool(2x2, stride = 2)
    conv(8, 3x3, pad = 1) -> batchnorm -> relu -> globalavgpool
    dense(16) -> relu -> dropout(0.2) -> dense(10) -> softmax
}
train {
    data: digits(size = 16)
    loss: cross_entropy(output, label)
    optimizer: adam(lr = 0.003)
    average: ema(decay = 0.9)
    batch: 128
    epochs: 4
    seed: 5
}
"""
DEVICE = """
[[device]]
name = "gpu%d"
memory_bytes = "1 GB"
flops_per_second = "1 GFLOP/s"
bytes_per_second = "1 GB/s"
"""
LINK = '[default_link]\nbytes_per_second = "1 TB/s"\nlatency_seconds = "1 ns"\n'  # so that a small net is divided
SHARED = Path("/dev/shm")
MARK = f"TESTED_BY={os.getpid()}\0".encode()


def files() -> set[str]:
    return {path.name for path in SHARED.iterdir()} if SHARED.exists() else set()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spread")
    (folder / "small.cnn").write_text(NET, encoding="utf-8")
    (folder / "three.toml").write_text(LINK + "".join(DEVICE % i for i in range(3)), encoding="utf-8")
    return folder


def started(place: Path, output: str, *options: str, net: str = "small.cnn") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cnngraph", "train", net, "--devices", "three.toml", "--microbatches", "4"]
    return subprocess.Popen(
        [*command, "-o", output, *options], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1",
             "TESTED_BY": str(os.getpid())},
    )  # fmt: skip


def finished(job: subprocess.Popen[str], status: int = 0) -> tuple[str, str]:
    out, err = job.communicate(timeout=120)
    assert job.returncode == status, out + err
    assert list(ranks()) == []
    return out, err


def ranks() -> Iterator[int]:
    """The processes of MPI jobs of these tests, and actors: other tests may run beside."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, variables = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:  # it has ended, or is another user's
            continue
        is_rank = b"PMI_RANK=" in variables and b"small" in command
        if MARK in variables and (is_rank or command.startswith(b"ray::Device")):
            yield int(process.name)


def same_weights(one: Path, other: Path) -> None:
    (expected, first), (found, second) = load_weights(one), load_weights(other)
    assert found.keys() == expected.keys()
    assert [name for name, value in expected.items() if not np.array_equal(value, found[name])] == []
    assert {**first, "history": ""} == {**second, "history": ""}
    seconds = re.compile(r'"seconds": [^}]*')
    assert seconds.sub("", first["history"]) == seconds.sub("", second["history"])


def test_a_pipeline_goes_on_within_an_epoch(place: Path, tmp_path: Path) -> None:
    def fit(**more: Any) -> Mapping[str, Array]:
        net = load(place / "small.cnn")
        return net.fit(epochs=1, pipeline=PipelineOptions(4), **more).states

    def stop(progress: Progress) -> None:
        if progress.step == 5:
            raise InterruptedError

    expected, saved = fit(), tmp_path / "some.safetensors"
    with pytest.raises(InterruptedError):
        fit(output=saved, save_every=3, on_progress=stop)
    found = fit(resume_from=saved)
    assert [name for name, value in expected.items() if not np.array_equal(value, found[name])] == []


NOISY = """cnn 1
net noisy(image: 1@16x16, z: 1@16x16) {
    image -> add(z) -> conv(8, 3x3, same) -> relu
    conv(8, 3x3, same) -> relu -> globalavgpool -> dense(10) -> softmax
}
train {
    data: digits(size = 16)
    noise: normal(z, deviation = 0.1)
    loss: cross_entropy(output, label)
    batch: 256
    epochs: 1
}
"""


@pytest.mark.sweep
def test_inputs_without_data_are_drawn_alike_in_every_process(place: Path, tmp_path: Path) -> None:
    pytest.importorskip("mpi4py", reason="the extra [mpi] is not installed")
    (place / "noisy.cnn").write_text(NOISY, encoding="utf-8")
    for engine in ("threads", "mpi"):
        finished(started(place, str(tmp_path / f"{engine}.safetensors"), "--engine", engine, net="noisy.cnn"))
    same_weights(tmp_path / "threads.safetensors", tmp_path / "mpi.safetensors")


@pytest.fixture(scope="module")
def threads(place: Path) -> Path:
    finished(started(place, "threads.safetensors"))
    return place / "threads.safetensors"


def wait_for_parts(folder: Path, count: int, job: subprocess.Popen[str]) -> None:
    """Until so many more steps are saved."""
    seen: set[str] = set()
    before = {path.name for path in folder.glob("*")}
    while len(seen - before) < 3 * count:
        assert job.poll() is None, job.communicate()
        seen |= {path.name for path in folder.glob("*.safetensors")}
        time.sleep(0.005)


def killed(place: Path, threads: Path, kills: int, seed: int, engine: str = "mpi") -> None:
    before, random = files(), Random(seed)
    output = f"killed_{engine}_{seed}.safetensors"
    job = started(place, output, "--engine", engine, "--restarts", str(kills), "--save-every", "2")
    folder = folder_of(place / output)
    for _ in range(kills):
        wait_for_parts(folder, random.randint(1, 4), job)
        time.sleep(random.uniform(0, 0.05))
        os.kill(random.choice(sorted(ranks())), signal.SIGKILL)
        begun = time.monotonic()
        assert job.stderr is not None
        assert any("a process was lost: starting again" in line for line in job.stderr)
        assert time.monotonic() - begun < 15  # a second where nothing else runs
    out, err = finished(job)
    assert "BAD TERMINATION" not in err
    assert "weights: " in out
    same_weights(threads, place / output)
    assert not folder.exists()
    assert files() <= before


def test_killed_processes_change_no_bit(place: Path, threads: Path) -> None:
    pytest.importorskip("mpi4py", reason="the extra [mpi] is not installed")
    killed(place, threads, kills=2, seed=0)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", [1, 2])
def test_many_killed_processes_change_no_bit(place: Path, threads: Path, seed: int) -> None:
    killed(place, threads, kills=5, seed=seed)


def test_ctrl_c_saves_and_leaves_nothing_behind(place: Path) -> None:
    pytest.importorskip("mpi4py", reason="the extra [mpi] is not installed")
    before = files()
    job = started(place, "stopped.safetensors", "--engine", "mpi", "--save-every", "2")
    wait_for_parts(folder_of(place / "stopped.safetensors"), 2, job)
    job.send_signal(signal.SIGINT)
    out, err = finished(job)
    assert "interrupted; weights: stopped.safetensors" in out
    assert err == ""
    assert files() <= before
    assert not folder_of(place / "stopped.safetensors").exists()
    assert load_weights(place / "stopped.safetensors")[1]["net"] == "small"


@pytest.mark.sweep
def test_a_stopped_process_is_named_and_the_run_starts_again(place: Path, threads: Path) -> None:
    job = started(place, "silent.safetensors", "--engine", "mpi", "--restarts", "1", "--save-every", "2")
    wait_for_parts(folder_of(place / "silent.safetensors"), 1, job)
    os.kill(sorted(ranks())[-1], signal.SIGSTOP)
    _, err = finished(job)
    assert re.search(r"gpu\d \(rank \d\) was not heard of for 10 s", err)
    same_weights(threads, place / "silent.safetensors")


def test_what_would_be_wrong_again_is_told_once(place: Path) -> None:
    pytest.importorskip("mpi4py", reason="the extra [mpi] is not installed")
    (place / "steep_small.cnn").write_text(NET.replace("adam(lr = 0.003)", "sgd(lr = 1e30)"), encoding="utf-8")
    job = started(place, "steep.safetensors", "--engine", "mpi", "--restarts", "3", net="steep_small.cnn")
    _, err = finished(job, status=1)
    assert err.count("error[E0704]: the loss is") == 1
    assert "starting again" not in err


@pytest.mark.sweep
def test_actors_give_the_bits_of_threads(place: Path, threads: Path) -> None:
    pytest.importorskip("ray", reason="the extra [ray] is not installed")
    finished(started(place, "ray.safetensors", "--engine", "ray", "--save-every", "5"))
    same_weights(threads, place / "ray.safetensors")


@pytest.mark.sweep
def test_killed_actors_change_no_bit(place: Path, threads: Path) -> None:
    pytest.importorskip("ray", reason="the extra [ray] is not installed")
    killed(place, threads, kills=2, seed=0, engine="ray")


def test_run_gives_the_same_outputs_everywhere(place: Path) -> None:
    pytest.importorskip("mpi4py", reason="the extra [mpi] is not installed")
    for engine in ("numpy", "mpi"):
        command = [sys.executable, "-m", "cnngraph", "run", "small.cnn", "--devices", "three.toml", "--batch", "6"]
        options = ["--microbatches", "2", "--engine", engine, "-o", f"{engine}.npz"]
        done = subprocess.run(
            [*command, *options], cwd=place, capture_output=True, text=True, timeout=60, check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.stdout.count("output: (6, 10) float32") == 1
    one, other = (np.load(place / f"{engine}.npz") for engine in ("numpy", "mpi"))
    assert list(one) == list(other) == ["output"]
    np.testing.assert_array_equal(one["output"], other["output"])
