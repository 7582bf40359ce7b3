"""A child process that reads questions and writes answers, a line each, and can be ended at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread

MAX_ANSWER = 64_000_000  # bytes


class Child:
    """A process, its lines of answers, and a thread that waits for them and tells it by `change`."""

    def __init__(self, folder: Path, memory_bytes: int, change: Condition) -> None:
        self.answers: list[bytes] = []
        self.is_ready = False
        self.has_ended = False
        # -P: nothing is imported from the present folder, which may hold files of strangers; -B: no files are written.
        command = [sys.executable, "-P", "-B", "-m", "cnngraph.serve.worker", str(folder), str(memory_bytes)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C of the terminal is for the server, which ends its children itself
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(_import_paths())},
        )
        self._change = change
        Thread(target=self._listen, daemon=True).start()

    def write(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def end(self) -> None:
        """At once, with all processes that it has started."""
        if os.name == "posix":
            with suppress(ProcessLookupError, PermissionError):  # it has ended by itself; macOS says it so
                os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        with suppress(OSError):  # what it did not read any more
            self.process.stdin.close()

    def _listen(self) -> None:
        output = self.process.stdout
        assert output is not None
        with output:
            while (line := output.readline(MAX_ANSWER)).endswith(b"\n"):
                with self._change:
                    if self.is_ready:
                        self.answers.append(line)
                    self.is_ready = True
                    self._change.notify_all()
        with self._change:
            self.has_ended = True
            self._change.notify_all()


def _import_paths() -> list[str]:
    """Where this package is, before what the environment names: the child is to be of the same version."""
    return [str(Path(__file__).parents[2]), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
