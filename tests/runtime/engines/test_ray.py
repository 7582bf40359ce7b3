"""Actors of Ray: values go round, full channels wait, and each way to fail is one error, or a start from anew."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.runtime.engines import ray as engine
from cnngraph.runtime.engines.transport import PeerLost, Transport

DEVICES = ("gpu0", "gpu1", "gpu2")


@dataclass(frozen=True)
class Job:
    """What happens to gpu1 in the middle; `mark` is there from then on."""

    mode: str
    mark: Path
    done: bool = False


def work(job: Job, end: Transport) -> None:
    place = DEVICES.index(end.device)
    after, before = DEVICES[(place + 1) % 3], DEVICES[(place - 1) % 3]
    end.names[1] = "conv1"
    for i in range(6):
        end.put(1, after, np.full(50_000, 10 * place + i, np.float32))
        out = np.empty(50_000, np.float32)
        end.take(1, before, out)
        assert (out == 10 * DEVICES.index(before) + i).all()
        if i == 3 and place == 1 and not job.done:
            job.mark.write_text(str(os.getpid()), encoding="utf-8")
            happen(job.mode)
    found = end.gather(("gpu2", "gpu0", "gpu1"), 2, np.full(3, place, np.float32))
    print([float(value[0]) for value in found])


def happen(mode: str) -> None:
    if mode == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    if mode == "error":
        raise error("E0704", "the loss is nan")
    if mode == "defect":
        raise ValueError("something of ours")
    if mode == "slow":
        time.sleep(60)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    pytest.importorskip("ray", reason="the extra [ray] is not installed")
    with engine._cluster():
        yield


def run(job: Job, restarts: int = 0, wait_seconds: float = 30) -> list[int]:
    losses: list[int] = []
    engine.run_actors(
        DEVICES, work, job, restarts, lambda: {"done": job.mark}, lambda attempt, of: losses.append(attempt),
        wait_seconds, silence_seconds=2,
    )  # fmt: skip
    return losses


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("cluster")
class TestActors:
    def test_values_go_round_and_the_first_device_speaks(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(Job("whole", tmp_path / "mark")) == []
        assert capsys.readouterr().out == "[2.0, 0.0, 1.0]\n"

    def test_a_killed_actor_is_noticed_and_all_begins_anew(self, tmp_path: Path) -> None:
        with pytest.raises(PeerLost, match="gpu1 is gone"):
            run(Job("kill", tmp_path / "mark"))
        seconds = time.time() - (tmp_path / "mark").stat().st_mtime
        assert seconds < 8
        assert run(Job("kill", tmp_path / "mark"), restarts=1) == [1]

    @pytest.mark.parametrize(
        ("mode", "kind", "told"),
        [
            ("error", CnnGraphError, r"error\[E0704\]: the loss is nan"),
            pytest.param("defect", RuntimeError, "ValueError: something of ours", marks=pytest.mark.sweep),
            pytest.param("stop", PeerLost, "gpu1 was not heard of for 2 s", marks=pytest.mark.sweep),
        ],
    )
    def test_one_error_tells_what_happened(
        self, mode: str, kind: type[Exception], told: str, tmp_path: Path
    ) -> None:
        with pytest.raises(kind, match=told):
            run(Job(mode, tmp_path / "mark"))

    @pytest.mark.sweep
    def test_a_wait_that_is_too_long_names_the_peer(self, tmp_path: Path) -> None:
        with pytest.raises(PeerLost, match=r"gpu\d waited 2 s, but gpu\d does not send `conv1`"):
            run(Job("slow", tmp_path / "mark"), wait_seconds=2)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(CnnGraphError, match=r"pip install 'cnngraph\[ray\]'"):
        engine.ray_module()
