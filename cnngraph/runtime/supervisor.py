"""Starts the processes of a run, waits for them, and starts them again when one of them is lost.

    start ---> the job ends well, or says what is wrong itself ---> that is the end
      ^          |
      |          a process is killed, or a peer is silent
      +----------+  at most `restarts` times; the run goes on from what it saved

Ctrl-C, and the signals that ask a process to end, are handed on once; when they come again, or when the supervisor
fails, the job is ended at once. Nothing of it stays: no process, and no file of shared memory.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from cnngraph.runtime.engines.mpi import VERDICT_VARIABLE

SHARED = Path("/dev/shm")
ASKED_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 5.0
LAUNCHER = re.compile(rb"={9}|=   |YOUR APPLICATION|This typically|Please see the FAQ|\[mpiexec@|Abort\(|\s*$")
"""Lines of MPICH about a process that ended."""


def supervise(
    command: Callable[[bool], Sequence[str]], restarts: int, on_loss: Callable[[int, int], None]
) -> int:
    """Run a command until it ends by itself; its exit status.

    `command(again)` is what to start: `again` says that it was started before. `on_loss` is told which of
    how many restarts follows. A status of 130 says that the run was interrupted.
    """
    for attempt in range(restarts + 1):
        with TemporaryDirectory(prefix="cnngraph-") as folder:
            verdict = Path(folder) / "verdict"
            status, interrupted = _run(command(attempt > 0), {VERDICT_VARIABLE: str(verdict)})
            if verdict.exists():  # a process told what is wrong, and it would be wrong again
                return int(verdict.read_text() or 1)
        if status == 0 or interrupted or attempt == restarts:
            break
        on_loss(attempt + 1, restarts)
    return 130 if interrupted and status else status


def _run(command: Sequence[str], variables: dict[str, str]) -> tuple[int, bool]:
    """The exit status of a job, and whether it was asked to end."""
    before = _shared_files()
    job = subprocess.Popen(
        command, env={**os.environ, "PYTHONUNBUFFERED": "1", **variables}, start_new_session=True,
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    reader = threading.Thread(target=_show, args=[job], daemon=True)
    reader.start()
    try:
        with _handed_on(job) as asked:
            status = job.wait()
            return status if status >= 0 else 128 - status, bool(asked)
    finally:
        _end(job)
        reader.join(GRACE_SECONDS)
        for path in _shared_files() - before:
            if not _mapped(path):
                path.unlink(missing_ok=True)


def _show(job: subprocess.Popen[bytes]) -> None:
    """What the job says is wrong, without the launcher's words about how processes end: `on_loss` has better ones."""
    assert job.stderr is not None
    with job.stderr:
        for line in job.stderr:
            if not LAUNCHER.match(line):
                sys.stderr.buffer.write(line)
                sys.stderr.buffer.flush()


@contextmanager
def _handed_on(job: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """While entered, signals that ask to end go to the job: the first one as it is, the next one kills."""
    asked: list[int] = []

    def hand_on(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        job.send_signal(number if len(asked) == 1 else signal.SIGKILL)

    before = {number: signal.signal(number, hand_on) for number in ASKED_TO_END}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(job: subprocess.Popen[bytes]) -> None:
    """The launcher ends its processes when it is asked to; then it is gone."""
    if job.poll() is None:
        job.terminate()
        try:
            job.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            job.kill()
            job.wait()


def _shared_files() -> set[Path]:
    """Shared memory of MPICH: a process that is killed while it starts leaves a file."""
    return {path for path in SHARED.glob("mpich_shm_*") if path.is_file()} if SHARED.is_dir() else set()


def _mapped(path: Path) -> bool:
    """Whether a process still uses the file."""
    for maps in Path("/proc").glob("[0-9]*/maps"):
        try:
            if re.search(rf"{re.escape(str(path))}$", maps.read_text(), re.MULTILINE):
                return True
        except OSError:  # the process has ended, or is another user's
            continue
    return False

