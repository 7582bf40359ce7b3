"""A lane: one child process that answers one question after the other, and is ended when it takes too long.

What a file of a stranger can do (a net of a million layers, a text that a parser chokes on) it does in the child,
whose time and memory are limited; the server goes on, and the next question finds a child that was started anew.

    server                                 child
    {"ask": "check", ...}\\n  ---------->
                             <----------   200 {"findings": ...}\\n
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from threading import Condition
from time import monotonic
from typing import Any

from cnngraph.serve.child import Child

START_SECONDS = 30.0  # until a child says that it is ready
PATIENCE_SECONDS = 1.0  # an answer that nobody waits for any more may take so long; then the child is ended
DEFECT = "a defect of cnngraph: the terminal of `cnngraph serve` says more"


class Refused(Exception):
    """No answer, and the status of HTTP that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Lane:
    """Questions go in by several threads; each waits for its answer, and is given up for a newer one of its kind."""

    def __init__(self, folder: Path, memory_bytes: int) -> None:
        self._folder, self._memory_bytes = folder, memory_bytes
        self._change = Condition()
        self._newest: dict[str, int] = {}
        self._count = 0
        self._busy = False
        self._closed = False
        self._child: Child | None = None

    def ask(self, kind: str, question: Mapping[str, Any], seconds: float) -> tuple[int, bytes]:
        """The status and the JSON of an answer. A later question of the same kind takes the place of this one.

        Raises `Refused`: 409 for one that another has followed, 503 where time, memory or the child ends.
        """
        line = json.dumps(question).encode() + b"\n"
        number = self._turn(kind)
        try:
            return self._answer(kind, number, line, seconds)
        finally:
            with self._change:
                if self._newest.get(kind) == number:
                    del self._newest[kind]
                self._busy = False
                self._change.notify_all()

    def _turn(self, kind: str) -> int:
        """Wait for the child to be free; the number of this question."""
        with self._change:
            self._count += 1
            number = self._newest[kind] = self._count
            self._change.notify_all()
            self._change.wait_for(lambda: not self._busy or self._is_old(kind, number))
            if self._closed:
                raise _ended()
            if self._is_old(kind, number):
                raise _followed()
            self._busy = True
            return number

    def _is_old(self, kind: str, number: int) -> bool:
        return self._closed or self._newest.get(kind) != number

    def _answer(self, kind: str, number: int, line: bytes, seconds: float) -> tuple[int, bytes]:
        child = self.warm()
        try:
            self._await_start(child)
            child.write(line)
            self._await_answer(child, kind, number, seconds)
        except (Refused, OSError) as failure:
            with self._change:
                child.end()
                self._child = None
            self.warm()
            if isinstance(failure, Refused):
                raise
            raise Refused(503, "the process has ended: try again") from None
        status, _, answer = child.answers.pop().partition(b" ")
        return int(status), answer

    def _await_start(self, child: Child) -> None:
        with self._change:
            if not self._change.wait_for(lambda: child.is_ready or child.has_ended, START_SECONDS):
                raise Refused(503, "the process that reads the files does not start")

    def _await_answer(self, child: Child, kind: str, number: int, seconds: float) -> None:
        began = monotonic()
        with self._change:
            while not (child.answers or child.has_ended):
                used = monotonic() - began
                if used > seconds:
                    raise Refused(503, f"this takes more than {seconds:g} seconds: it was given up")
                if self._is_old(kind, number) and used > PATIENCE_SECONDS:
                    raise _followed()
                self._change.wait(min(seconds - used, PATIENCE_SECONDS) + 0.001)
            if not child.answers:
                raise Refused(503, "this takes more memory than is allowed, or too deep a stack: it was given up")

    def warm(self) -> Child:
        """Start the child, if there is none, so that it is ready for the next question. Raises `Refused` at the end."""
        with self._change:
            if self._closed:
                raise _ended()
            self._child = self._child or Child(self._folder, self._memory_bytes, self._change)
            return self._child

    def close(self) -> None:
        """End the child; who waits is refused."""
        with self._change:
            self._closed = True
            if self._child is not None:
                self._child.end()
            self._change.notify_all()

    @property
    def process(self) -> int | None:
        """The number of the child, if there is one."""
        return self._child.process.pid if self._child else None


def _ended() -> Refused:
    return Refused(503, "the server ends")


def _followed() -> Refused:
    return Refused(409, "a newer question has taken the place of this one")
