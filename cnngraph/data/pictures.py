"""A column of picture files: decoded at once where they are few, and else whenever some are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from cnngraph.data.dataset import Column
from cnngraph.data.picture import check_picture, read_picture
from cnngraph.diagnostics import CnnGraphError, Diagnostic
from cnngraph.ir.op import Array

MEGABYTES = 1000
MOST_TOLD = 20  # wrong pictures that are named

T = TypeVar("T")


@dataclass(frozen=True)
class Form:
    """How pictures are read: their size, 1 or 3 channels, and the megabytes that they may take when all are kept."""

    height: int
    width: int
    channels: int
    megabytes: int = MEGABYTES

    def read(self, path: Path) -> Array:
        """(height, width, channels) of bytes. Raises E0701."""
        return read_picture(path, self.height, self.width, self.channels)

    def holds(self, count: int) -> bool:
        """Whether so many pictures are kept decoded."""
        return count * self.height * self.width * self.channels <= self.megabytes * 1_000_000


@dataclass(frozen=True, eq=False)
class Pictures:
    """A column of files (N, H, W, C); none is read before it is asked for."""

    files: Sequence[Path]
    form: Form

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.files), self.form.height, self.form.width, self.form.channels

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, indices: Array, /) -> Array:
        chosen = [self.files[i] for i in indices]
        return np.stack(_all_of(map(_safely(self.form.read), chosen)))


def column_of(files: Sequence[Path], form: Form) -> Column:
    """The pictures of these files, as a column. Raises E0701 with every wrong one.

    Where they are kept, each is decoded now. Else its beginning is read, and what is wrong further on is told when it
    is needed.
    """
    kept = form.holds(len(files))
    with ThreadPoolExecutor(min(8, cpu_count() or 1), "cnngraph pictures") as threads:
        found = _all_of(threads.map(_safely(form.read if kept else check_picture), files))
    return np.stack(found) if kept else Pictures(files, form)


def _safely(read: Callable[[Path], T]) -> Callable[[Path], T | CnnGraphError]:
    def attempt(path: Path) -> T | CnnGraphError:
        try:
            return read(path)
        except CnnGraphError as problem:
            return problem

    return attempt


def _all_of(found: Any) -> list[Any]:
    """All that was read; raises what was wrong, together."""
    values = list(found)
    wrong: list[Diagnostic] = [d for v in values if isinstance(v, CnnGraphError) for d in v.diagnostics]
    if len(wrong) > MOST_TOLD:
        rest = f"{len(wrong) - MOST_TOLD:,} more pictures cannot be read"
        wrong = [*wrong[:MOST_TOLD], Diagnostic("E0701", rest)]
    if wrong:
        raise CnnGraphError(wrong)
    return values
