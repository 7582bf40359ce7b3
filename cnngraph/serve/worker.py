"""The child process of a lane: reads a question a line, writes an answer a line, and ends when nobody asks any more.

    python -m cnngraph.serve.worker FOLDER MEMORY_BYTES

Its address space is limited where the system can do that. What it makes, it answers; it writes no files.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any

from cnngraph.diagnostics import CnnGraphError
from cnngraph.serve import editing, showing
from cnngraph.serve.desk import Desk
from cnngraph.serve.lane import DEFECT

ANSWERS: Mapping[str, Callable[[Desk, Mapping[str, Any]], dict[str, Any]]] = {
    "check": editing.check,
    "hover": editing.hover_at,
    "complete": editing.complete,
    "define": editing.define,
    "format": editing.format_text,
    "explain": editing.explain,
    "draw": showing.draw,
    "divide": showing.divide,
    "picture": showing.picture,
    "page": showing.page,
}


def answered(desk: Desk, question: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status of HTTP and the answer: 200; 422 for what is wrong with the file, in words; 500 for a defect of ours.

    Never raises for what a question may hold.
    """
    try:
        return 200, ANSWERS[question["ask"]](desk, question)
    except CnnGraphError as refused:
        return 422, {"error": "\n".join(_text(finding) for finding in refused.diagnostics)}
    except (MemoryError, RecursionError):
        return 503, {"error": "this takes more memory than is allowed, or too deep a stack: it was given up"}
    except Exception:
        traceback.print_exc()  # on the terminal of the server; the browser is told that there is one
        return 500, {"error": DEFECT}


def _text(finding: Any) -> str:
    line = f"line {finding.primary.span.line}: " if finding.primary else ""
    return "\n".join([f"{line}{finding.message}", *(f"help: {text}" for text in finding.helps)])


def limit(memory_bytes: int) -> None:
    """Keep the address space below so many bytes, and leave no image of it on the disk, where the system can."""
    if sys.platform == "win32":
        return
    import resource

    for kind, most in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):  # macOS refuses some: the limit of time is left
            print(f"cnngraph serve: this system does not limit resource {kind}", file=sys.stderr)


def _end() -> None:
    """At once, with the drawing engine that it may have started: all of the group that it leads."""
    if os.name == "posix" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def serve(desk: Desk, questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until the questions end, and then end at once, also in the midst of an answer."""
    waiting: SimpleQueue[bytes] = SimpleQueue()

    def listen() -> None:
        for line in questions:
            waiting.put(line)
        _end()

    Thread(target=listen, daemon=True).start()
    answers.write(b"ready\n")
    answers.flush()
    while True:
        status, answer = answered(desk, json.loads(waiting.get()))
        answers.write(f"{status} ".encode() + json.dumps(answer).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    limit(int(sys.argv[2]))
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output:
        sys.stdout = sys.stderr  # the output belongs to the answers
        serve(Desk(Path(sys.argv[1])), sys.stdin.buffer, output)
