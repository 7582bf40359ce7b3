"""Saves of files, found by looking at them again and again: works on every file system, and needs no library."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

Stamp = tuple[int, int] | None


def saves(
    files: Callable[[], Collection[Path]], interval_seconds: float, sleep: Callable[[float], object] = time.sleep
) -> Iterator[None]:
    """One item at once, and one after every change of a file. `files` is asked anew each time: imports may change.

    A change while an item is being worked on is not lost: the files are looked at before it is handed out.
    """
    seen = {file: _stamp(file) for file in files()}
    yield
    while True:
        now = {file: _stamp(file) for file in files()}
        changed = any(file in seen and seen[file] != stamp for file, stamp in now.items())
        seen = now
        if changed:
            yield
        else:
            sleep(interval_seconds)


def _stamp(file: Path) -> Stamp:
    """When a file was last written, and its size; None where there is none."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
