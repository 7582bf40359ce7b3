"""A job is started again when a process of it is lost, and only then; nothing of it stays."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from cnngraph.runtime.engines.mpi import VERDICT_VARIABLE
from cnngraph.runtime.supervisor import supervise

KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
REFUSED = f"import os, sys; open(os.environ[{VERDICT_VARIABLE!r}], 'w').write('1'); sys.exit(9)"
WAITS = """
import os, signal, sys, time
signal.signal(signal.SIGINT, {})
open({!r}, "w").close()
time.sleep(60)
"""


def run(restarts: int, *texts: str) -> tuple[int, list[bool], list[tuple[int, int]]]:
    """The status of jobs that are Python texts, one after the other; what was asked for, and the losses."""
    asked: list[bool] = []
    losses: list[tuple[int, int]] = []

    def command(again: bool) -> list[str]:
        asked.append(again)
        return [sys.executable, "-c", texts[min(len(asked), len(texts)) - 1]]

    status = supervise(command, restarts, lambda attempt, of: losses.append((attempt, of)))
    return status, asked, losses


def test_a_job_that_ends_well_is_the_end() -> None:
    assert run(3, "pass") == (0, [False], [])


def test_a_lost_process_is_a_new_start() -> None:
    assert run(3, KILLED, KILLED, "pass") == (0, [False, True, True], [(1, 3), (2, 3)])
    status, asked, losses = run(1, KILLED)
    assert (status, len(asked), losses) == (128 + signal.SIGKILL, 2, [(1, 1)])


def test_what_would_be_wrong_again_is_not_tried_again() -> None:
    assert run(3, REFUSED) == (1, [False], [])


@pytest.mark.parametrize(
    ("answer", "signals", "status"), [("lambda *_: sys.exit(0)", 1, 0), ("signal.SIG_IGN", 2, 130)]
)
def test_a_request_to_end_is_handed_on_once_and_then_it_ends(
    answer: str, signals: int, status: int, tmp_path: Path
) -> None:
    mark = tmp_path / "ready"

    def ask() -> None:
        while not mark.exists():
            time.sleep(0.01)
        for _ in range(signals):
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=ask).start()
    begun = time.monotonic()
    found, asked, losses = run(3, WAITS.format(answer, str(mark)))
    assert time.monotonic() - begun < 20
    assert (found, asked, losses) == (status, [False], [])


def test_the_words_of_the_launcher_are_left_out(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    lines = ["=" * 40, "=   BAD TERMINATION", "YOUR APPLICATION TERMINATED WITH", "ours", "Abort(1) on node 0"]
    text = f"import sys; sys.stderr.write({chr(10).join(lines)!r} + chr(10))"
    run(0, text)
    assert capfdbinary.readouterr().err == b"ours\n"
