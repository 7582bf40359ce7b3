"""Words, and the same words from back to front."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_lowercase
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Drawn
from cnngraph.ir.op import Array

MARK = 0
"""The id of the sign that a target begins with, and that follows its last letter."""


@dataclass(frozen=True)
class ReversedWords(Drawn):
    """Words of `length` letters. What is to be said is the word reversed (or, with `copy`, the word) and then a full
    stop; each letter of it is said knowing those before, so `target` is `following` one place later.

    columns: source ids(27)@length, target and following ids(27)@(length + 1): a full stop, then 26 letters.

    >>> columns = ReversedWords(length=4).draw(np.random.default_rng(0), 1)
    >>> {name: "".join(ReversedWords.class_names[i] for i in rows[0]) for name, rows in columns.items()}
    {'source': 'wqnh', 'target': '.hnqw', 'following': 'hnqw.'}
    """

    length: int = 8
    copy: bool = False
    name: ClassVar[str] = "reversed_words"
    class_names: ClassVar[tuple[str, ...]] = (".", *ascii_lowercase)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.length <= 10_000:
            raise ValueError(f"length is from 1 to 10000, not {self.length}")

    def draw(self, numbers: np.random.Generator, count: int) -> Mapping[str, Array]:
        source = numbers.integers(1, len(self.class_names), (count, self.length))
        said = source if self.copy else source[:, ::-1]
        mark = np.full((count, 1), MARK)
        return {
            "source": source,
            "target": np.concatenate([mark, said], axis=1),
            "following": np.concatenate([said, mark], axis=1),
        }
