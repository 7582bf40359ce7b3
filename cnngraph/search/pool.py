"""Processes that make trials side by side. A trial that takes its process with it is one trial that failed."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, TypeVar

from cnngraph.search.trial import Figures, Job, Outcome, Tell

SOURCES = Path(__file__).parents[2]  # where this package is imported from

T = TypeVar("T")


class Pool:
    """`jobs` processes, started when they are needed; each trial computes with `threads` threads. Use it with `with`.

    >>> with Pool(2, threads=1) as pool:
    ...     list(pool.run([]))
    []
    """

    def __init__(self, jobs: int, threads: int) -> None:
        self._size, self._threads = jobs, threads
        self._workers = [_Worker() for _ in range(jobs)]
        self._free: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._free.put(worker)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *reason: object) -> None:
        for worker in self._workers:
            worker.end()

    def run(self, jobs: Sequence[tuple[T, Job]], tell: Tell = lambda figures: None) -> Iterator[tuple[T, Outcome]]:
        """The outcome of each job beside its name, as they come."""
        with ThreadPoolExecutor(self._size, "cnngraph trial") as threads:
            coming = {threads.submit(self._done, job, tell): name for name, job in jobs}
            try:
                for done in as_completed(coming):
                    yield coming[done], done.result()
            finally:  # whoever waits no longer wants no trial that has not begun
                threads.shutdown(wait=False, cancel_futures=True)
                if not all(done.done() for done in coming):
                    self.__exit__()

    def _done(self, job: Job, tell: Tell) -> Outcome:
        worker = self._free.get()
        try:
            return worker.outcome(replace(job, workers=self._threads), tell)
        finally:
            self._free.put(worker)


class _Worker:
    """One process, made anew when it was lost."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[str] | None = None
        self._ended = False

    def outcome(self, job: Job, tell: Tell) -> Outcome:
        process = self._process or self._started()
        done: list[Figures] = []
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(asdict(job)) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                answer = json.loads(line)
                if "outcome" in answer:
                    found = answer["outcome"]
                    return Outcome(tuple(Figures(**row) for row in found["epochs"]), found["problem"])
                done.append(Figures(**answer["epoch"]))
                tell(done[-1])
        except BrokenPipeError:
            pass  # it ended before it read the job: said below
        return Outcome(tuple(done), self._lost(process))

    def end(self) -> None:
        """End the process, if there is one, whatever it does."""
        self._ended = True
        if self._process is not None:
            self._process.kill()
            self._lost(self._process)

    def _started(self) -> subprocess.Popen[str]:
        paths = [str(SOURCES), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cnngraph.search.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,  # Ctrl-C is for the search, which then ends its processes
        )  # fmt: skip
        if self._ended:
            self._process.kill()
        return self._process

    def _lost(self, process: subprocess.Popen[str]) -> str:
        """How a process ended, in words; the next trial gets another one."""
        status = process.wait()
        assert self._errors is not None
        self._errors.seek(0)
        said = self._errors.read().strip().splitlines()
        for stream in (process.stdin, process.stdout, self._errors):
            if stream is not None:
                stream.close()
        self._process = self._errors = None
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return ": ".join([f"its process ended with {how}", *said[-1:]])
