"""The one style: what it does to a text, and that it changes neither the tree nor a comment, whatever the text.

`pytest -m sweep tests/syntax/test_format.py` runs the long one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from textwrap import dedent

import pytest
from printed import printed

from cnngraph.diagnostics import CnnGraphError, Source
from cnngraph.resources import resource
from cnngraph.syntax import ast
from cnngraph.syntax import format as format_module
from cnngraph.syntax.format import formatted
from cnngraph.syntax.format_words import Word, read_words
from cnngraph.syntax.layout import NOT_AFTER, NOT_BEFORE
from cnngraph.syntax.parse import parse, parse_tolerant

HERE = Path(__file__).parent
CASES = dict(case.split("\n", 1) for case in (HERE / "format_cases.txt").read_text(encoding="utf-8").split("=== ")[1:])
FILES = [*sorted(resource("specs").rglob("*.cnn")), *sorted((HERE.parent / "errors").glob("*.cnn"))]
SMALL = 600

SPACES = ["", "", " ", " ", "  ", "\t", "   "]
ENDS = ["\n", "\n", ";", " ; ", "\n\n", "\r\n\t", " # a remark\n", "\n  ## a doc\n", "\n\n\n# one\n\n# two\n\n", ";;\n"]
BREAKS = ["\n", "\n    ", "\r\n", " # inside\n", "\n# inside\n  ", "\n\n"]


@pytest.mark.parametrize("name", CASES)
def test_the_style(name: str) -> None:
    before, after = CASES[name].split("---\n")
    assert formatted(before, "case.cnn") == after
    keeps_everything(before)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_keeps_its_tree_and_its_comments(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if parse_tolerant(text, path.name)[1]:
        with pytest.raises(CnnGraphError):
            formatted(text, path.name)
    else:
        keeps_everything(text)


@pytest.mark.parametrize("text", ["", "\n\n", "# only this", ";;", "\ufeff\r\n"])
def test_a_file_without_items(text: str) -> None:
    comment = text.strip("\ufeff\r\n;")
    assert formatted(text, "empty.cnn") == (f"{comment}\n" if comment else "")


def test_a_style_that_loses_something_would_be_seen() -> None:
    assert content("block a = b # c") != content("block a = b")
    assert content("## c\nblock a = b") != content("## c\n\nblock a = b")
    assert content("block a = b - c") != content("block a = b + c")


def test_what_was_written_otherwise() -> None:
    sweep(seed=1, count=600)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(20))
def test_much_that_was_written_otherwise(seed: int) -> None:
    sweep(seed=100 + seed, count=5_000)


def sweep(seed: int, count: int) -> None:
    chance = random.Random(seed)
    for _ in range(count):
        text = rewritten(chance, chance.choice(small_texts()))
        try:
            keeps_everything(text)
        except Exception as error:
            raise AssertionError(f"{error!r} for this text:\n{text}") from error


def keeps_everything(text: str) -> None:
    """The formatted text means the same, has the same comments in the same places, and is in the style."""
    once = formatted(text, "test.cnn")
    assert content(once) == content(text)
    assert formatted(once, "test.cnn") == once
    assert all(line == line.rstrip() for line in once.split("\n"))


def content(text: str) -> tuple[str, list[tuple[str, list[str]]]]:
    """The tree of a text, and its words, each with the comments before it."""
    words = read_words(Source("test.cnn", text.removeprefix("\ufeff")))
    return printed(parse(text, "test.cnn").items), [(w.text, [comment.text for comment in w.comments]) for w in words]


@cache
def small_texts() -> list[str]:
    """The items of all files, and the cases, where they are small enough to try many."""
    found = [before for case in CASES.values() for before in case.split("---\n")]
    for path in FILES:
        module, _ = parse_tolerant(path.read_text(encoding="utf-8"), path.name)
        found += [item.span.text for item in module.items if not isinstance(item, ast.Broken)]
    return sorted({text for text in found if 20 < len(text) < SMALL and not parse_tolerant(text, "small.cnn")[1]})


def rewritten(chance: random.Random, text: str) -> str:
    """The same words with other spaces, line ends and comments between them."""
    wildness = chance.choice([0.02, 0.1, 0.5])
    parts: list[str] = []
    for before, word, in_bracket in with_brackets(read_words(Source("test.cnn", text))):
        parts.append(gap(chance, before, word, in_bracket, wildness))
        parts.append({"->": chance.choice(["->", "→"])}.get(word.text, word.text))
    return "".join(parts)


def with_brackets(words: list[Word]) -> Iterator[tuple[Word | None, Word, bool]]:
    """Each word, the one before, and whether the innermost open bracket is no brace."""
    opened: list[str] = []
    before = None
    for word in words:
        yield before, word, bool(opened) and opened[-1] != "LBRACE"
        if word.kind in ("LPAR", "LSQB", "LBRACE"):
            opened.append(word.kind)
        elif word.kind in ("RPAR", "RSQB", "RBRACE"):
            opened.pop()
        before = word


def gap(chance: random.Random, before: Word | None, word: Word, in_bracket: bool, wildness: float) -> str:
    """What may stand between two words; where one must stand, there is at least a space."""
    if word.begins or before is None or word.kind == "$END":
        return chance.choice(ENDS) if before is not None else ""
    may_break = in_bracket or before.kind in NOT_AFTER or word.kind in NOT_BEFORE
    if may_break and chance.random() < wildness:
        return chance.choice(BREAKS)
    touches = re.fullmatch(r"\w\w|\..|.\.", before.text[-1:] + word.text[:1])
    return " " if touches else chance.choice(SPACES)


def test_the_example_of_the_module_is_in_the_style() -> None:
    example = dedent((format_module.__doc__ or "").split("\n\n")[1]) + "\n"
    assert example.startswith("net tower")
    assert formatted(example, "example.cnn") == example
