"""Texts whose kind only both of their ends together tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Drawn
from cnngraph.ir.op import Array

NUMBERS = 10


@dataclass(frozen=True)
class BothEnds(Drawn):
    """Texts of `length` words that begin and end with a number below 10, never the same, and have other words between.

        label = 1 where the first number is the larger one, else 0

    One end alone, which is all that a forgetful reader of one direction has, tells 7 of 9 right at best.

    columns: text ids(words)@length, label ids(2).

    >>> BothEnds(length=5, words=20).draw(np.random.default_rng(0), 3)
    {'text': array([[ 7, 16, 15, 12,  5],
           [ 6, 10, 10, 11,  9],
           [ 5, 19, 15, 16,  2]]), 'label': array([1, 0, 1])}
    """

    length: int = 30
    words: int = 1000
    name: ClassVar[str] = "both_ends"
    class_names: ClassVar[tuple[str, ...]] = ("the last is larger", "the first is larger")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= self.length <= 10_000:
            raise ValueError(f"length is from 2 to 10000, not {self.length}")
        if self.words <= NUMBERS:
            raise ValueError(f"words are more than the {NUMBERS} numbers, not {self.words}")

    def draw(self, numbers: np.random.Generator, count: int) -> Mapping[str, Array]:
        text = numbers.integers(NUMBERS, self.words, (count, self.length))
        first, other = numbers.integers(0, NUMBERS, count), numbers.integers(0, NUMBERS - 1, count)
        last = other + (other >= first)
        text[:, 0], text[:, -1] = first, last
        return {"text": text, "label": (first > last).astype(np.int64)}
