"""Slips of the hand in every file that the package carries: each ends in a graph or in findings, never otherwise.

`pytest -m sweep tests/elaborate/test_fuzz.py` runs the long one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cnngraph.diagnostics import CODES, CnnGraphError, Diagnostic
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import Program, load_text
from cnngraph.elaborate.training import training
from cnngraph.resources import resource

FILES = [*sorted(resource("specs", "nets").glob("*.cnn")), *sorted(resource("specs", "blocks").glob("*.cnn"))]
WRONG = sorted((Path(__file__).parent.parent / "errors").glob("*.cnn"))
TOKENS = re.compile(r"\s+|[A-Za-z_]\w*|\d[\w.]*|->|==|\.\.|.")
NUMBERS = ["0", "1", "2", "-1", "3", "7", "0.5", "1000000000", "999999999999999999", "1e300", "1e-300", "0x0", "1x1/0"]
PAGE = """
it same full true false let return shared check repeat for if else residual project on where net block
conv dense concat add mul max fork split ids floor ceil sqrt dropout relu softmax flatten batchnorm
( ) [ ] { } | , ; : = -> * / + - @ . .. % == < and or not H W T HxW 3x3 c x _ __class__ None "a" tensor tensor(n)
params shape(it) it.c it.shape ids(10) () (relu) [1,2]
"""
WORDS = PAGE.split()


def mutated(chance: random.Random, text: str) -> str:
    """The text with one to four slips."""
    parts = TOKENS.findall(text)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        slip = chance.choice(SLIPS)
        parts = slip(chance, parts) or ["net"]
    return "".join(parts)


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


def inserted(chance: random.Random, parts: list[str]) -> list[str]:
    at = chance.randrange(len(parts))
    return [*parts[:at], " ", chance.choice([*WORDS, *NUMBERS]), " ", *parts[at:]]


def relined(chance: random.Random, parts: list[str]) -> list[str]:
    lines = "".join(parts).splitlines(keepends=True)
    i, j = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[i], lines[j] = lines[j], lines[i]
    return TOKENS.findall("".join(lines))


SLIPS = [dropped, doubled, swapped, renumbered, renumbered, reworded, reworded, inserted, relined]


def ends_well(text: str, folder: Path) -> None:
    """Both doors of the elaborator give a value or findings that can be shown."""
    program = load_text(text, "mutated.cnn", folder)
    for door in (elaborate, training):
        for finding in findings(door, program):
            assert finding.code in CODES
            assert finding.render()


def findings(door: Callable[[Program], object], program: Program) -> Sequence[Diagnostic]:
    try:
        door(program)
    except CnnGraphError as error:
        return error.diagnostics
    return ()


def sweep(seed: int, count: int) -> None:
    chance = random.Random(seed)
    sources = [(file.read_text(encoding="utf-8"), file.parent) for file in [*FILES, *WRONG]]
    for _ in range(count):
        text, folder = chance.choice(sources)
        changed = mutated(chance, text)
        try:
            ends_well(changed, folder)
        except Exception as error:
            raise AssertionError(f"{error!r} for this text:\n{changed}") from error


def test_slips_of_the_hand() -> None:
    sweep(seed=1, count=60)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(20))
def test_many_slips_of_the_hand(seed: int) -> None:
    sweep(seed=100 + seed, count=1_000)
