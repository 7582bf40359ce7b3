"""Sentences of a small grammar, letter by letter, whose entropy is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Drawn
from cnngraph.ir.op import Array

LETTERS = (*map(chr, range(32, 127)), "\n")
"""The letters by their ids: those of ASCII that are printed, and the end of a line."""

START = "article"
RULES: Mapping[str, tuple[tuple[str, float, str], ...]] = {
    "article": (("the ", 0.6, "adjective"), ("no ", 0.2, "adjective"), ("a ", 0.2, "one")),
    "adjective": (("old ", 0.2, "noun"), ("small ", 0.2, "noun"), ("", 0.6, "noun")),
    "noun": (("", 0.5, "one"), ("", 0.5, "many")),
    "one": (("cat ", 0.5, "one place"), ("dog ", 0.3, "one place"), ("mouse ", 0.2, "one place")),
    "many": (("cats ", 0.4, "many place"), ("dogs ", 0.4, "many place"), ("birds ", 0.2, "many place")),
    "one place": (("near the trees ", 0.2, "one verb"), ("of the farm ", 0.1, "one verb"), ("", 0.7, "one verb")),
    "many place": (("near the tree ", 0.2, "many verb"), ("of the farm ", 0.1, "many verb"), ("", 0.7, "many verb")),
    "one verb": (("sleeps", 0.5, "end"), ("sees ", 0.3, "article"), ("sings", 0.2, "end")),
    "many verb": (("sleep", 0.5, "end"), ("see ", 0.3, "article"), ("sing", 0.2, "end")),
    "end": ((". ", 0.9, "article"), ("! ", 0.1, "article")),
}
"""What may stand where: a text, how probable it is, and which rule comes after it. A verb agrees with its subject, also
over the words between them. No text of a rule begins another one of it, so that letters tell where they stand."""


@dataclass(frozen=True)
class GrammarText(Drawn):
    """Texts of `length` letters that begin with a sentence, and for each letter the one that follows it.

    columns: text, following ids(96)@length.

    >>> "".join(GrammarText.class_names[i] for i in GrammarText(length=32).draw(np.random.default_rng(0), 1)["text"][0])
    'the small dog sees the old mouse'
    """

    length: int = 64
    name: ClassVar[str] = "grammar_text"
    class_names: ClassVar[tuple[str, ...]] = LETTERS

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.length <= 10_000:
            raise ValueError(f"length is from 1 to 10000, not {self.length}")

    def draw(self, numbers: np.random.Generator, count: int) -> Mapping[str, Array]:
        chances, after = machine()
        limits = chances.cumsum(axis=1)
        limits[:, -1] = 1  # sums round
        state = np.zeros(count, np.int64)
        text = np.empty((count, self.length + 1), np.int64)
        for place in range(self.length + 1):
            text[:, place] = (numbers.random(count)[:, None] >= limits[state]).sum(axis=1)
            state = after[state, text[:, place]]
        return {"text": text[:, :-1], "following": text[:, 1:]}

    def entropy(self) -> float:
        """The least cross-entropy that any reader of `text` can have, in nats for each letter.

            H = 1/length * sum over t = 1..length of sum over states s of p(s at t) * sum over l of -p(l|s) log p(l|s)

        source: Shannon: A mathematical theory of communication, 1948, section 7 (a source with states).
        """
        chances, after = machine()
        each = -(chances * np.log(np.where(chances > 0, chances, 1))).sum(axis=1)
        there, total = np.eye(len(chances))[0], 0.0
        for _ in range(self.length):
            coming = np.zeros(len(chances))
            np.add.at(coming, after, there[:, None] * chances)
            there = coming
            total += float(there @ each)
        return total / self.length


@cache
def machine() -> tuple[Array, Array]:
    """The grammar as a machine that writes a letter at a time: for each of its states the probability of each letter,
    and the state after it, (states, 96) both. State 0 is the start of a sentence.
    """
    states = {(START, ""): 0}
    chances: dict[tuple[int, int], float] = {}
    after: dict[tuple[int, int], int] = {}
    for rule in RULES:
        for text, chance, coming in _spelled(rule):
            for i, letter in enumerate(text):
                here = states.setdefault((rule, text[:i]), len(states))
                key = here, LETTERS.index(letter)
                chances[key] = chances.get(key, 0) + chance
                goal = (rule, text[: i + 1]) if i + 1 < len(text) else (coming, "")
                after[key] = states.setdefault(goal, len(states))
    probability = np.zeros((len(states), len(LETTERS)))
    following = np.zeros((len(states), len(LETTERS)), np.int64)
    for key, chance in chances.items():
        probability[key], following[key] = chance, after[key]
    return probability / probability.sum(axis=1, keepdims=True), following


def _spelled(rule: str) -> Iterator[tuple[str, float, str]]:
    """The texts of a rule; where one is empty, those of the rule after it."""
    for text, chance, coming in RULES[rule]:
        if text:
            yield text, chance, coming
        else:
            yield from ((later, chance * part, goal) for later, part, goal in _spelled(coming))
