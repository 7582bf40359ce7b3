"""How a graph is run: what a user chooses, and what follows from the environment where he does not."""

from __future__ import annotations

import os
from dataclasses import dataclass

from cnngraph.diagnostics import error

WORKERS_VARIABLE = "CNNGRAPH_WORKERS"


@dataclass(frozen=True)
class Settings:
    """How to run. None of these changes a result but by rounding; `workers` changes no bit.

    fields: workers             threads that share the work of one device; None: the variable CNNGRAPH_WORKERS, or as
                                many as there are cores, but one where the work is too little to share
            exact               only kernels whose rounding errors are those of another order of additions (no Winograd)
            tune                each operator by the kernel that was fastest when measured on this machine, instead of
                                the one that should be by a model; what was measured is kept in the user's cache folder
            compiled            kernels that numba compiles, where the extra `[jit]` is installed
            memory_limit_bytes  the peak of a run (its values, states and workspace) is at most this: smaller tiles,
                                leaner kernels, a backward part that computes again, fewer workers
    errors: E0601 for a number below 1.

    >>> Settings(workers=2).worker_count
    2
    """

    workers: int | None = None
    exact: bool = False
    tune: bool = False
    memory_limit_bytes: int | None = None
    compiled: bool = True

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise error("E0601", f"{self.workers} workers cannot run anything", "take at least one worker")
        if self.memory_limit_bytes is not None and self.memory_limit_bytes < 1:
            raise error("E0601", f"nothing runs in {self.memory_limit_bytes} bytes", "raise the memory limit")

    @property
    def worker_count(self) -> int:
        """The number of workers that is meant. Errors: E0601 where the variable is no number above 0."""
        if self.workers is not None:
            return self.workers
        text = os.environ.get(WORKERS_VARIABLE, "")
        if not text:
            return os.cpu_count() or 1
        if not text.isdecimal() or int(text) < 1:
            raise error("E0601", f"the variable {WORKERS_VARIABLE} is {text!r}, not a number of workers above 0")
        return int(text)


DEFAULT = Settings()
