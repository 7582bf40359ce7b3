"""Where training data comes from: the calls that `data:` of a train section can be.

Not for data that does not fit into memory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from cnngraph.data.dataset import Dataset, dataset
from cnngraph.data.generated.drawn import generated
from cnngraph.data.idx import FILES, find_folder, read_parts
from cnngraph.data.image_folders import read_folders
from cnngraph.data.optical_digits import SIDE, read_digits
from cnngraph.data.source import Source
from cnngraph.diagnostics import CnnGraphError, Label, error
from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.training import Setting

VARIABLE = "CNNGRAPH_DATA"
MAX_SIZE = 1024


@dataclass(frozen=True)
class Digits(Source):
    """Handwritten digits that come with the package, 8x8, resized to `size`."""

    size: int = SIDE
    batch: int | None = None
    normalize: bool = True
    limit: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.size <= MAX_SIZE:
            raise ValueError(f"size is from 1 to {MAX_SIZE}, not {self.size}")

    def load(self, folder: Path | None, seed: int) -> Dataset:
        train, test = read_digits(self.size, seed)
        return dataset(train, test, tuple("0123456789"), normalize=self.normalize, limit=self.limit)


@dataclass(frozen=True)
class Idx(Source):
    """Any four IDX files; `pad` black pixels on each side, the training part cut to `limit` images."""

    folder: str | None = None
    pad: int = 0
    batch: int | None = None
    normalize: bool = True
    limit: int | None = None
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
        return dataset(train, test, names, pad=self.pad, normalize=self.normalize, limit=self.limit)

    def _find(self, folder: Path | None) -> Path:
        base = self.folder or folder or os.environ.get(VARIABLE)
        candidates = [Path(base) / name for name in (*self.subfolders, "")] if base else []
        found = find_folder(candidates)
        if found is None:
            raise _missing(candidates)
        return found


@dataclass(frozen=True)
class Mnist(Idx):
    """Handwritten digits, 60,000 and 10,000 images of 28x28. source: LeCun, Cortes, Burges, 1998."""

    subfolders: ClassVar[tuple[str, ...]] = ("mnist", "MNIST/raw", "MNIST")
    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")


@dataclass(frozen=True)
class FashionMnist(Idx):
    """Pieces of clothing, 60,000 and 10,000 images of 28x28. source: Xiao, Rasul, Vollgraf, arXiv:1708.07747."""

    subfolders: ClassVar[tuple[str, ...]] = ("fashion-mnist", "fashion_mnist", "FashionMNIST/raw", "FashionMNIST")
    class_names: ClassVar[tuple[str, ...]] = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip


@dataclass(frozen=True)
class Images(Source):
    """Pictures of your own, one subfolder for each class, resized to `size` x `size`; a fifth of them is for testing.

    With subfolders `train` and `test` that hold the folders of the classes, these are the two parts.
    """

    folder: str
    size: int
    grey: bool = False
    batch: int | None = None
    normalize: bool = True
    limit: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.size <= MAX_SIZE:
            raise ValueError(f"size is from 1 to {MAX_SIZE}, not {self.size}")

    def load(self, folder: Path | None, seed: int) -> Dataset:
        base = Path(self.folder) if folder is None else folder / self.folder
        train, test, names = read_folders(base, self.size, 1 if self.grey else 3, seed)
        return dataset(train, test, names, normalize=self.normalize, limit=self.limit)


SOURCES: Mapping[str, type[Source]] = {
    **generated(),
    "digits": Digits,
    "fashion_mnist": FashionMnist,
    "idx": Idx,
    "images": Images,
    "mnist": Mnist,
}


def source_of(setting: Setting) -> Source:
    """The source that a train section asks for. Raises CnnGraphError where it is unknown or its arguments are wrong."""
    return choose(setting, SOURCES, "data set")


def load_data(setting: Setting, folder: Path | None = None, seed: int = 0) -> Dataset:
    """The data of a train section. `folder` is where the user keeps data sets; the argument `folder` of the call goes
    before it, the variable CNNGRAPH_DATA after. Raises CnnGraphError, E0701 where data is missing or damaged.
    """
    source = source_of(setting)
    try:
        return source.load(folder, seed)
    except CnnGraphError as problem:
        first, *others = problem.diagnostics
        if others or first.primary:  # findings at one place would count as one
            raise
        raise CnnGraphError(replace(first, primary=Label(setting.span, "asked for here"))) from problem


def _missing(candidates: list[Path]) -> CnnGraphError:
    names = ", ".join(name for pair in FILES for name in pair)
    looked = f"looked in {', '.join(map(str, candidates))}" if candidates else "no folder is given"
    return error(
        "E0701",
        f"the data is not there: {looked}",
        f"it needs the four files {names}, each as it is or with .gz",
        f'say where: folder = "...", or --data DIR, or the variable {VARIABLE}',
        "digits(size = 28) needs no files",
    )
