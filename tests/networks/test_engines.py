"""Twenty training steps with a process for each device give the bits of one device: outputs, weights, moments."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from networks import engines
from networks.engines import Job

from cnngraph.runtime.engines import mpi
from cnngraph.runtime.engines.ray import run_actors

HOSTS = ("-launcher", "fork", "-hosts", "127.0.0.1,127.0.0.2")
NETWORK = {"MPIR_CVAR_NUM_CLIQUES": "2", "UCX_TLS": "tcp,self"}  # between the two hosts is nothing but TCP
LONG = [("googlenet", 4, 3), ("resnet50", 2, 3), ("alexnet_two_gpus", 4, 2), ("unet", 2, 3), ("lstm_classifier", 4, 2)]
CASES = [("lenet5_digits", 8, 3), *(pytest.param(*case, marks=pytest.mark.sweep) for case in LONG)]


def same(job: Job) -> None:
    (states, texts), (expected, first) = engines.gathered(job), engines.in_one_process(job)
    assert texts == first
    assert states.keys() == expected.keys()
    assert [name for name in expected if not np.array_equal(states[name], expected[name])] == []
    assert all(np.isfinite(value).all() for value in expected.values())


@pytest.mark.parametrize(("name", "batch", "count"), CASES)
def test_ranks_on_two_hosts(name: str, batch: int, count: int, tmp_path: Path) -> None:
    pytest.importorskip("mpi4py", reason="the extra [mpi] is not installed")
    job = Job(name, batch, count, str(tmp_path))
    command = [sys.executable, engines.__file__, name, str(batch), str(count), str(tmp_path)]
    done = subprocess.run(
        [mpi.launcher(), *HOSTS, "-n", str(count), *command], capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, **NETWORK, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    same(job)


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "batch", "count"), [("lenet5_digits", 8, 3), *LONG])
def test_actors(name: str, batch: int, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="the extra [ray] is not installed")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    job = Job(name, batch, count, str(tmp_path))
    run_actors(engines.cluster(count).names, engines.work, job)
    same(job)
