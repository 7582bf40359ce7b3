"""Short reviews whose kind depends on the order of their words, and on nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Columns, Drawn
from cnngraph.ir.op import Array

FILLERS = (
    "the", "a", "this", "film", "story", "actor", "scene", "music", "plot", "ending", "was", "is", "it", "i", "think",
    "we", "saw", "felt", "and", "then", "again", "there", "with", "one", "evening", "long", "short", "quite",
)  # fmt: skip
STRESS = ("very", "really", "so", "that")
WORDS = (*FILLERS, *STRESS, "not", "good", "bad")
NOT, GOOD, BAD = len(WORDS) - 3, len(WORDS) - 2, len(WORDS) - 1
STRESSED = 0.6  # how often a word stands between `not` and what it denies
SLIPS = 0.03  # how often a word is another one by mistake


@dataclass(frozen=True)
class Sentences(Drawn):
    """Reviews of `length` words. In each `not`, `good` and `bad` stand just once, so that a bag of words tells nothing:

        0 (disliked)  the plot was not really good and i felt bad there ...
        1 (liked)     it was good and the music not so bad again then ...

    `not` stands before one of the two words, at once or with a word of stress between; the other stands alone, before
    or after. All else is drawn from words that say nothing, and three words of a hundred are slips.

    columns: sentence (N, length) ids below 35; label (N,) 0 or 1.

    >>> drawn = Sentences(count=2, tests=1).load(None, seed=0)
    >>> print(words_of(drawn.train.columns["sentence"][0]))
    scene one it then really good long music plot music music and not bad
    """

    length: int = 14

    name: ClassVar[str] = "sentences"
    class_names: ClassVar[tuple[str, ...]] = ("disliked", "liked")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 8 <= self.length <= 1000:
            raise ValueError(f"length is from 8 to 1000 words, not {self.length}")

    def draw(self, numbers: np.random.Generator, count: int) -> Columns:
        rows, label = np.arange(count), numbers.integers(0, 2, count)
        sentence = numbers.integers(0, len(FILLERS) + len(STRESS), (count, self.length))
        between = (numbers.random(count) < STRESSED).astype(np.int64)
        free = self.length - 3 - between  # places before, between and after the phrase of `not` and the word alone
        phrase = numbers.integers(0, free + 1)
        alone = numbers.integers(0, free + 1)
        first = alone < phrase  # the word alone stands before the phrase
        place = np.where(first, phrase + 1, phrase)
        other = np.where(first, alone, np.minimum(alone + 2 + between, self.length - 1))
        sentence[rows, place] = NOT
        stress = numbers.integers(len(FILLERS), NOT, count)
        sentence[rows, place + 1] = np.where(between, stress, sentence[rows, place + 1])
        sentence[rows, place + 1 + between] = np.where(label, BAD, GOOD)
        sentence[rows, other] = np.where(label, GOOD, BAD)
        slips = numbers.random(sentence.shape) < SLIPS
        return {"sentence": np.where(slips, numbers.integers(0, NOT, sentence.shape), sentence), "label": label}


def words_of(ids: Array) -> str:
    """A sentence for people."""
    return " ".join(WORDS[i] for i in ids)
