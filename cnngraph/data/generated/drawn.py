"""What every generated set is: columns drawn by seeded code, as many rows as are asked for."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar, TypeAlias

import numpy as np

from cnngraph.data.dataset import IMAGE, Dataset, Part, Preprocessing
from cnngraph.data.source import Source
from cnngraph.ir.op import Array, rng

Columns: TypeAlias = Mapping[str, Array]

DRAWN = 4  # the third part of the key: no other use of the seed has the same
MOST = 10_000_000
BLOCK = 250  # so many rows are drawn at once, each block from a key of its own: the first rows of more are the same
MEAN, DEVIATION = 0.5, 0.25  # of pictures from 0 to 1


@dataclass(frozen=True)
class Drawn(Source):
    """`count` rows to learn from and `tests` rows to test with. The two parts are drawn from keys of their own, so
    that no row of one tells of a row of the other.

    A set is a subclass in a file of its own: `name` is what `data:` calls it, `draw` draws its columns.
    """

    count: int = 4000
    tests: int = 1000
    batch: int | None = None
    limit: int | None = None
    validate: float = 0.0

    name: ClassVar[str] = ""
    class_names: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (("count", self.count), ("tests", self.tests)):
            if not 1 <= value <= MOST:
                raise ValueError(f"{name} is from 1 to {MOST}, not {value}")

    def load(self, folder: Path | None, seed: int) -> Dataset:
        train, test = (self.part(seed, key, count) for key, count in enumerate((self.count, self.tests)))
        train, validation = self.held_back(train, seed)
        return Dataset(train.first(self.limit), test, self.class_names, _preprocessing(train), validation)

    def part(self, seed: int, key: int, count: int) -> Part:
        """`count` rows of part `key`: 0 is to learn from, 1 is for tests."""
        starts = range(0, count, BLOCK)
        draw = self.drawer(seed, key)
        blocks = [draw(rng(seed, key, DRAWN, i), min(BLOCK, count - start)) for i, start in enumerate(starts)]
        return Part({name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]})

    def drawer(self, seed: int, key: int) -> Callable[[np.random.Generator, int], Columns]:
        """What draws the rows of a part; `draw`, unless the parts are made of something different."""
        return self.draw

    def draw(self, numbers: np.random.Generator, count: int) -> Columns:
        """Columns (count, ...) by name: one for each input that the set feeds."""
        raise NotImplementedError


@cache
def generated() -> Mapping[str, type[Drawn]]:
    """The sets of this folder by the names that `data:` calls them."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"cnngraph.data.generated.{module.name}")
    return {found.name: found for found in sorted(_below(Drawn), key=lambda each: each.name) if found.name}


def _below(parent: type[Drawn]) -> list[type[Drawn]]:
    children = parent.__subclasses__()
    return [*children, *(deeper for child in children for deeper in _below(child))]


def _preprocessing(part: Part) -> Preprocessing | None:
    """Pictures are normalized with numbers that are the same for all sets."""
    if IMAGE not in part.columns:
        return None
    _, height, width, channels = part.columns[IMAGE].shape
    return Preprocessing(height, width, channels, 0, (MEAN,) * channels, (DEVIATION,) * channels)
