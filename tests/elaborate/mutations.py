"""Slips of the hand: what a text becomes when words, characters, lines or halves of it get into disorder."""

from __future__ import annotations

import random
import re

TOKENS = re.compile(r"\s+|[A-Za-z_]\w*|\d[\w.]*|->|==|\.\.|.")
NUMBERS = ["0", "1", "2", "-1", "3", "7", "0.5", "1000000000", "999999999999999999", "1e300", "1e-300", "0x0", "1x1/0"]
PAGE = """
it same full true false let return shared check repeat for if else residual project on where net block
conv dense concat add mul max fork split scan ids floor ceil sqrt dropout relu softmax flatten batchnorm
( ) [ ] { } | , ; : = -> * / + - @ . .. % == < and or not H W T HxW 3x3 c x _ __class__ None "a" tensor tensor(n)
params shape(it) it.c it.shape ids(10) () (relu) [1,2]
"""
WORDS = PAGE.split()
CHARACTERS = [*"()[]{}|;,:=\"'#$@.+-*/%<>\\ \n\t\r\0×→é́\u2028\ufeff\U0001f600\ud800xX7_", "\r\n", "//", '"""']


def mutated(chance: random.Random, text: str) -> str:
    """The text with one to four slips."""
    parts = TOKENS.findall(text)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        slip = chance.choice(SLIPS)
        parts = slip(chance, parts) or ["net"]
    return "".join(parts)


def spliced(chance: random.Random, first: str, second: str) -> str:
    """The beginning of one text and the end of another, cut anywhere."""
    return first[: chance.randrange(len(first) + 1)] + second[chance.randrange(len(second) + 1) :]


def dropped(chance: random.Random, parts: list[str]) -> list[str]:
    at = chance.randrange(len(parts))
    return parts[:at] + parts[at + chance.choice([1, 1, 2, 5]) :]


def doubled(chance: random.Random, parts: list[str]) -> list[str]:
    at = chance.randrange(len(parts))
    return [*parts[:at], *parts[at : at + chance.choice([1, 3, 12])] * 2, *parts[at:]]


def swapped(chance: random.Random, parts: list[str]) -> list[str]:
    words = [i for i, part in enumerate(parts) if part.strip()]
    if len(words) > 1:
        i, j = chance.sample(words, 2)
        parts[i], parts[j] = parts[j], parts[i]
    return parts


def renumbered(chance: random.Random, parts: list[str]) -> list[str]:
    numbers = [i for i, part in enumerate(parts) if part[0].isdigit()]
    if numbers:
        parts[chance.choice(numbers)] = chance.choice(NUMBERS)
    return parts


def reworded(chance: random.Random, parts: list[str]) -> list[str]:
    words = [i for i, part in enumerate(parts) if part.strip()]
    if words:
        parts[chance.choice(words)] = chance.choice([*WORDS, "\n"])
    return parts


def renamed(chance: random.Random, parts: list[str]) -> list[str]:
    """One name instead of another that the text has as well."""
    names = [i for i, part in enumerate(parts) if part[0].isalpha()]
    if names:
        parts[chance.choice(names)] = parts[chance.choice(names)]
    return parts


def inserted(chance: random.Random, parts: list[str]) -> list[str]:
    at = chance.randrange(len(parts))
    return [*parts[:at], " ", chance.choice([*WORDS, *NUMBERS]), " ", *parts[at:]]


def relined(chance: random.Random, parts: list[str]) -> list[str]:
    lines = "".join(parts).splitlines(keepends=True)
    i, j = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[i], lines[j] = lines[j], lines[i]
    return TOKENS.findall("".join(lines))


def scratched(chance: random.Random, parts: list[str]) -> list[str]:
    """A few characters replaced, whatever they were."""
    text = list("".join(parts))
    for _ in range(chance.choice([1, 1, 3, 20])):
        text[chance.randrange(len(text))] = chance.choice(CHARACTERS)
    return TOKENS.findall("".join(text))


SLIPS = [dropped, doubled, swapped, renumbered, renumbered, reworded, reworded, renamed, inserted, relined, scratched]
