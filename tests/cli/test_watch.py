"""`cnngraph watch` as a program of its own: a file is edited, and the picture follows; Ctrl-C ends quietly."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli.terminal import TINY, Run

PATIENCE_SECONDS = 60


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "tiny.cnn").write_text(TINY, encoding="utf-8")
    command = [sys.executable, "-m", "cnngraph", "watch", "tiny.cnn", "--render", "--interval", "0.02"]
    process = subprocess.Popen(command, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    yield process
    process.kill()
    process.wait()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def test_a_picture_follows_the_file(watching: subprocess.Popen[str], tmp_path: Path) -> None:
    picture, file = tmp_path / "tiny.svg", tmp_path / "tiny.cnn"

    def shows(word: str) -> bool:
        return picture.exists() and word in picture.read_text(encoding="utf-8")

    until(lambda: shows("conv 4, 3x3, same"))
    file.write_text(TINY.replace("conv(4,", "conv(12,"), encoding="utf-8")
    until(lambda: shows("conv 12, 3x3, same"))
    file.write_text(TINY.replace("-> flatten", ""), encoding="utf-8")
    until(lambda: shows("dense needs a vector, but receives 4@4x4"))
    file.write_text(TINY, encoding="utf-8")
    until(lambda: shows("conv 4, 3x3, same") and not shows("dense needs"))

    watching.send_signal(signal.SIGINT)
    out, _ = watching.communicate(timeout=PATIENCE_SECONDS)
    assert watching.returncode == 0
    assert "error[E0201]: dense needs a vector" in out
    assert "tiny: 6 operators, 690 parameters, 2,944 multiply-adds, depth 2\n" in out
    assert "Traceback" not in out
    assert {path.name for path in tmp_path.iterdir()} == {"tiny.cnn", "tiny.svg"}


def test_a_picture_that_cannot_be_written_is_refused_at_once(run: Run, tmp_path: Path) -> None:
    run("watch", "tiny.cnn", "-o", tmp_path).refused("it is a folder")
    run("watch", "tiny.cnn", "-o", tmp_path / "tiny.png").refused("tiny.png does not end in .svg", code=2)
    run("watch", "tiny.cnn", "--interval", "0").refused("--interval", code=2)
