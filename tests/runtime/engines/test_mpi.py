"""Processes of an MPI job: messages arrive, full channels wait, and each way to fail is told once, in words."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.runtime.engines import mpi

pytest.importorskip("mpi4py", reason="the extra [mpi] is not installed")

RING = Path(__file__).with_name("ring.py")
SHARED = Path("/dev/shm")
HOSTS = ("-launcher", "fork", "-hosts", "127.0.0.1,127.0.0.2")  # two machines, as far as MPICH's launcher knows
NETWORK = {"MPIR_CVAR_NUM_CLIQUES": "2", "UCX_TLS": "tcp,self"}  # nothing is shared between the two but TCP


def files() -> set[str]:
    return {path.name for path in SHARED.iterdir()} if SHARED.exists() else set()


def started(mode: str, seconds: float = 20, hosts: tuple[str, ...] = (), **variables: str) -> subprocess.Popen[str]:
    command = [mpi.launcher(), *hosts, "-n", "4", sys.executable, str(RING), mode, str(seconds)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **variables},
    )  # fmt: skip


def finished(job: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = job.communicate(timeout=30)
    assert not subprocess.run(["pgrep", "-f", str(RING)], capture_output=True, check=False).stdout
    return out, err


@pytest.mark.parametrize("hosts", [(), HOSTS])
def test_messages_between_processes(hosts: tuple[str, ...]) -> None:
    before = files()
    job = started("whole", hosts=hosts, **(NETWORK if hosts else {}))
    out, err = finished(job)
    assert (job.returncode, err) == (0, "")
    assert sorted(re.findall(r"(gpu\d) is done", out)) == ["gpu0", "gpu1", "gpu2", "gpu3"]
    puts = [float(seconds) for seconds in re.findall(r"put \d after (\S+)", out)]
    assert puts[2] - puts[1] > 0.2, "two messages have room, the third waits"
    assert files() <= before


@pytest.mark.parametrize(
    ("mode", "seconds", "told"),
    [
        ("kill", 20, ""),
        ("stop", 20, r"error\[E0603\]: gpu2 \(rank 2\) was not heard of for 1.5 s"),
        ("slow", 1, r"error\[E0603\]: \w+ waited 1 s, but gpu\d does not (send|take) `conv1`"),
        ("error", 20, "ValueError: gpu2 cannot go on"),
    ],
)
def test_a_failure_ends_the_job_and_is_told_once(mode: str, seconds: float, told: str) -> None:
    before, begun = files(), time.monotonic()
    job = started(mode, seconds)
    _, err = finished(job)
    assert job.returncode != 0
    assert time.monotonic() - begun < 15
    assert not told or len(re.findall(told, err)) == 1
    assert err.count("rror[E0603]") + err.count("Traceback") == bool(told), err
    assert files() <= before


def test_ctrl_c_leaves_no_process_and_no_file() -> None:
    before = files()
    job = started("slow")
    time.sleep(2)
    os.killpg(job.pid, signal.SIGINT)
    _, err = finished(job)
    assert job.returncode != 0
    assert "Traceback" not in err
    assert files() <= before


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    for needs in (mpi.begin, mpi.launcher):
        with pytest.raises(CnnGraphError, match=r"E0603(.|\n)*needs mpi4py(.|\n)*pip install 'cnngraph\[mpi\]'"):
            needs()
    monkeypatch.undo()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CnnGraphError, match="mpiexec, which was not found"):
        mpi.launcher()


def test_there_is_a_rank_for_each_device() -> None:
    command = [mpi.launcher(), "-n", "2", sys.executable, str(RING), "whole", "20"]
    before = files()
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=30, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stderr.count("error[E0601]: 4 devices need as many processes, but MPI started 2") == 1
    assert "Traceback" not in done.stderr
    assert files() <= before
