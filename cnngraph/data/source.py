"""What every source of data is: the object that the call after `data:` means."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from cnngraph.data.dataset import Dataset, Part, dataset
from cnngraph.data.division import FOR_CHOICES, FOR_TESTS, TOO_MANY, divided

VARIABLE = "CNNGRAPH_DATA"
MAX_SIZE = 1024


class Source:
    """A source of data, configured. `batch` is the number of samples in a step, unless the section says it. `validate`,
    such as 0.1, is the share of the training part that is held back: choices are made by it while the run goes on.
    `limit` cuts what is left, of each class alike where the data is in files of your own.
    """

    batch: int | None
    limit: int | None
    validate: float

    def __post_init__(self) -> None:
        for name, value in (("batch", self.batch), ("limit", self.limit)):
            if value is not None and value < 1:
                raise ValueError(f"{name} is at least 1, not {value}")
        if not 0 <= self.validate < 1:
            raise ValueError(f"validate is from 0 to less than 1, not {self.validate}")

    def held_back(self, train: Part, seed: int) -> tuple[Part, Part | None]:
        """(the training part, the part to choose by if there is to be one)"""
        return divided(train, self.validate, seed, FOR_CHOICES) if self.validate else (train, None)

    def load(self, folder: Path | None, seed: int) -> Dataset:
        """The data set; `folder` is where the user keeps data, `seed` splits what has no parts yet. Raises E0701."""
        raise NotImplementedError


@dataclass(frozen=True)
class Stored(Source):
    """Data that lies somewhere. Its pictures are normalized by mean and deviation of the training part, unless
    `normalize` is false.
    """

    _: KW_ONLY
    batch: int | None = None
    normalize: bool = True
    limit: int | None = None
    validate: float = 0.0

    def finished(
        self,
        train: Part,
        test: Part,
        names: tuple[str, ...],
        seed: int,
        *,
        validation: Part | None = None,
        pad: int = 0,
    ) -> Dataset:
        """The data set of these parts. Without a `validation` part, `validate` takes one from the training part."""
        if validation is None:
            train, validation = self.held_back(train, seed)
        return dataset(
            train, test, names, pad=pad, normalize=self.normalize, limit=self.limit, validation=validation
        )  # fmt: skip


@dataclass(frozen=True)
class Undivided(Stored):
    """Data that may come without a part to test with: then `test` is its share, drawn by the seed of the section, of
    each class alike.
    """

    _: KW_ONLY
    test: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.test < 1:
            raise ValueError(f"test is more than 0 and less than 1, not {self.test}")

    def from_parts(self, parts: Mapping[str, Part], names: tuple[str, ...], seed: int) -> Dataset:
        """The data set of the parts train, validation and test, of which the last two may be missing."""
        train, test = parts["train"], parts.get("test")
        if test is None:
            train, test = divided(train, self.test, seed, FOR_TESTS)
        elif self.limit is not None and self.limit < len(train) and ("validation" in parts or not self.validate):
            train, _ = divided(train, 1 - self.limit / len(train), seed, TOO_MANY)  # files tell class after class
        return self.finished(train, test, names, seed, validation=parts.get("validation"))


def place_of(name: str, folder: Path | None) -> Path:
    """Where a file or folder lies that a section names: in `folder`, if the user says where data is kept; as it stands;
    or in the folder that the variable CNNGRAPH_DATA names.
    """
    if folder is not None:
        return folder / name
    kept = os.environ.get(VARIABLE)
    return Path(kept) / name if kept and not Path(name).exists() else Path(name)


def require_size(size: int) -> None:
    """Raises ValueError for a picture that is empty or huge."""
    if not 1 <= size <= MAX_SIZE:
        raise ValueError(f"size is from 1 to {MAX_SIZE}, not {size}")
