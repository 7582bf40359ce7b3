"""Sentences in which the words on both sides of a word tell what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Drawn
from cnngraph.ir.op import Array, rng

KINDS = 4


@dataclass(frozen=True)
class Tags(Drawn):
    """Sentences of `length` words, each of one of four kinds, which no word shows: a table that no reader sees says it.

        target = 4 * kind of the word before + kind of the word after,    16 for the first and the last word

    Who reads in one direction only knows one of the two kinds.

    columns: sentence ids(words)@length, target ids(17)@length.

    >>> columns = Tags(length=6, words=20).draw(np.random.default_rng(0), 2)
    >>> Tags.kinds(20)[columns["sentence"][0]]
    array([3, 3, 3, 2, 2, 1])
    >>> columns["target"][0]
    array([16, 15, 14, 14,  9, 16])
    """

    length: int = 16
    words: int = 200
    name: ClassVar[str] = "tags"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= self.length <= 10_000:
            raise ValueError(f"length is from 2 to 10000, not {self.length}")
        if not 1 <= self.words <= 1_000_000:
            raise ValueError(f"words are from 1 to 1000000, not {self.words}")

    @staticmethod
    def kinds(words: int) -> Array:
        """The kind of each word: (words,). It is the same for all parts and seeds."""
        return rng(0, words).integers(0, KINDS, words)

    def draw(self, numbers: np.random.Generator, count: int) -> Mapping[str, Array]:
        sentence = numbers.integers(0, self.words, (count, self.length))
        kind = self.kinds(self.words)[sentence]
        target = np.full((count, self.length), KINDS**2)
        target[:, 1:-1] = KINDS * kind[:, :-2] + kind[:, 2:]
        return {"sentence": sentence, "target": target}
