"""The embedded engine: one thread for each device, or for each worker of the only one; messages in memory.

    gpu0   run  run  put(3)                 each tag has one message of fixed memory, filled at most once in a run,
    gpu1   take(3)  run  ...                so putting never waits, and taking waits for one put

An exception in one worker wakes and stops all others and is raised again where the run began; every wait ends.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import Any, Protocol, TypeAlias

import numpy as np
from threadpoolctl import ThreadpoolController

from cnngraph.ir.op import Array
from cnngraph.kernels.kernel import Call, Machine
from cnngraph.plan.steps import Receive, Send
from cnngraph.runtime.engines.transport import WAIT_SECONDS, Stopped

WIDE = ("SkylakeX", "Cooperlake", "Sapphirerapids", "SapphireRapids")  # kernels of OpenBLAS for vectors of 512 bits
WIDE_FLOPS_PER_SECOND = 190e9


class Mailbox:
    """Messages between workers: one array for each tag, with room for one value."""

    def __init__(self, messages: Mapping[int, Array], wait_seconds: float = WAIT_SECONDS) -> None:
        self.messages = dict(messages)
        self.wait_seconds = wait_seconds
        self._arrived: set[int] = set()
        self._failure: BaseException | None = None
        self._changed = threading.Condition()

    def clear(self) -> None:
        """Forget what an earlier run left."""
        self._arrived.clear()
        self._failure = None

    def put(self, tag: int, value: Array) -> None:
        np.copyto(self.messages[tag], value)
        with self._changed:
            self._arrived.add(tag)
            self._changed.notify_all()

    def take(self, tag: int, out: Array) -> None:
        """Wait for the message with this tag and copy it; raises TimeoutError, or Stopped if another worker failed."""
        with self._changed:
            came = self._changed.wait_for(lambda: tag in self._arrived or self._failure, self.wait_seconds)
            if self._failure:
                raise Stopped
            if not came:
                raise TimeoutError(f"message {tag} did not come within {self.wait_seconds:g} s")
        np.copyto(out, self.messages[tag])

    def send(self, step: Send, value: Array) -> None:
        self.put(step.tag, value)

    def receive(self, step: Receive, out: Array) -> None:
        self.take(step.tag, out)

    def fail(self, reason: BaseException) -> None:
        """Stop everyone; the first reason stays."""
        with self._changed:
            self._failure = self._failure or reason
            self._changed.notify_all()

    def raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    @property
    def failed(self) -> bool:
        return self._failure is not None


class Post(Protocol):
    """What carries the messages of a crew, as far as the crew cares: it ends every wait when someone fails."""

    @property
    def failed(self) -> bool: ...

    def fail(self, reason: BaseException) -> None: ...

    def raise_failure(self) -> None: ...

    def clear(self) -> None: ...


Programs: TypeAlias = Mapping[str, Sequence[Call]]


class Crew:
    """Threads for programs that run side by side. The first program runs in the thread that asks; the others wait."""

    def __init__(self, programs: Programs, mailbox: Post, meetings: Sequence[threading.Barrier] = ()) -> None:
        self.programs, self.mailbox, self.meetings = programs, mailbox, meetings
        more = len(programs) - 1
        self._threads = ThreadPoolExecutor(more, "cnngraph") if more > 0 else None

    def run(self) -> None:
        """Run all programs, one BLAS thread for each; the first failure of any is raised when all have stopped."""
        self.mailbox.clear()
        with one_blas_thread:
            first, *others = self.programs.items() if self.programs else [("", ())]
            running = [self._threads.submit(self._work, *other) for other in others] if self._threads else []
            try:
                self._work(*first)
            finally:
                self._wait(running)
        if self.mailbox.failed:
            for meeting in self.meetings:
                meeting.reset()
        self.mailbox.raise_failure()

    def _wait(self, running: Sequence[Future[None]]) -> None:
        """Until all have ended; an interruption stops them."""
        while not all(future.done() for future in running):
            try:
                wait(running)
            except BaseException as interruption:
                self._fail(interruption)

    def _fail(self, reason: BaseException) -> None:
        self.mailbox.fail(reason)
        for meeting in self.meetings:
            meeting.abort()

    def _work(self, name: str, calls: Sequence[Call]) -> None:
        step, mailbox = 0, self.mailbox
        try:
            with np.errstate(all="ignore"):  # infinity and NaN pass through, and whoever reads the results judges them
                for call in calls:
                    if mailbox.failed:
                        return
                    call()
                    step += 1
        except (Stopped, threading.BrokenBarrierError):
            return
        except BaseException as reason:
            reason.add_note(f"in step {step} of {name}")
            self._fail(reason)


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()  # a scan of the loaded libraries: a millisecond or more, so once


@cache
def _blas() -> Sequence[Any]:
    return [library for library in _libraries().lib_controllers if library.user_api == "blas"]


@cache
def this_machine() -> Machine:
    """What one worker can do here, as far as the kernels that OpenBLAS took for this processor tell."""
    wide = any(getattr(library, "architecture", None) in WIDE for library in _libraries().lib_controllers)
    return Machine(flops_per_second=WIDE_FLOPS_PER_SECOND) if wide else Machine()


class _OneBlasThread:
    """The limit of one thread, held from the first run that begins to the last that ends.

    The limit is one of the process: two runs at a time must not lift it under each other, and the run that lifts it may
    be in another thread than the one that set it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs = 0
        self._before: list[tuple[Any, int]] = []  # the libraries that had more threads, and how many

    def __enter__(self) -> None:
        with self._lock:
            if self._runs == 0:
                counts = [(library, library.num_threads) for library in _blas()]
                self._before = [(library, count) for library, count in counts if count > 1]
                for library, _ in self._before:
                    _set_threads(library, 1)
            self._runs += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._runs -= 1
            if self._runs == 0:
                for library, count in self._before:
                    _set_threads(library, count)


def _set_threads(library: Any, count: int) -> None:
    """From threadpoolctl 3.8 on, whichever thread sets a limit first is the only one that can, until it is freed."""
    free = getattr(library, "clear_controlling_thread", None)
    if free is not None:
        free(force=True)
    library.set_num_threads(count)
    if free is not None and count > 1:
        free(force=True)  # for whoever sets one after us


one_blas_thread = _OneBlasThread()
"""Products run on the thread that asks for them, so that their bits do not depend on the number of cores."""
