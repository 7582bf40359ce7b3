"""`idx(folder, pad)`: the four files of MNIST and its kin."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from cnngraph.data.dataset import Dataset
from cnngraph.data.idx import FILES, find_folder, read_parts
from cnngraph.data.source import MAX_SIZE, VARIABLE, Stored
from cnngraph.diagnostics import CnnGraphError, error


@dataclass(frozen=True)
class Idx(Stored):
    """Any four IDX files; `pad` black pixels on each side."""

    folder: str | None = None
    pad: int = 0
    subfolders: ClassVar[tuple[str, ...]] = ()
    class_names: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.pad <= MAX_SIZE:
            raise ValueError(f"pad is from 0 to {MAX_SIZE}, not {self.pad}")

    def load(self, folder: Path | None, seed: int) -> Dataset:
        train, test = read_parts(self._find(folder))
        highest = int(max(np.max(train.labels), np.max(test.labels)))
        names = self.class_names or tuple(str(i) for i in range(highest + 1))
        return self.finished(train, test, names, seed, pad=self.pad)

    def _find(self, folder: Path | None) -> Path:
        base = self.folder or folder or os.environ.get(VARIABLE)
        candidates = [Path(base) / name for name in (*self.subfolders, "")] if base else []
        found = find_folder(candidates)
        if found is None:
            raise _missing(candidates)
        return found


def _missing(candidates: Sequence[Path]) -> CnnGraphError:
    names = ", ".join(name for pair in FILES for name in pair)
    looked = f"looked in {', '.join(map(str, candidates))}" if candidates else "no folder is given"
    return error(
        "E0701",
        f"the data is not there: {looked}",
        f"it needs the four files {names}, each as it is or with .gz",
        f'say where: folder = "...", or --data DIR, or the variable {VARIABLE}',
        "digits(size = 28) needs no files",
    )
