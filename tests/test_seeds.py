"""Each use of a seed has a key of its own: two uses of one key would draw the same numbers."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import cnngraph

PACKAGE = Path(cnngraph.__file__).parent
PART = re.compile(r"^([A-Z_, ]+) = ([\d, ]+)  # (?:the third|a) part of the key\b", re.MULTILINE)
USE = re.compile(r"\brng\([^()]*?,[^()]*?\b([A-Z]{2,})\b")


def test_no_two_uses_have_the_same_part_of_the_key() -> None:
    found = {
        (path.name, name): int(number)
        for path in PACKAGE.rglob("*.py")
        for names, numbers in PART.findall(path.read_text(encoding="utf-8"))
        for name, number in zip(names.split(", "), numbers.split(", "), strict=True)
    }
    assert len(found) > 10
    assert max(found.values()) < 256  # `noise` counts its draws above that
    twice = [number for number, uses in Counter(found.values()).items() if uses > 1]
    assert not [use for use, number in found.items() if number in twice]


def test_each_part_of_a_key_is_said_to_be_one() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        said = {name for names, _ in PART.findall(text) for name in names.split(", ")}
        defined = {name for name in USE.findall(text) if re.search(rf"^\b{name}\b.* = \d", text, re.MULTILINE)}
        assert defined <= said, path
