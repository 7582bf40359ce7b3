"""Whatever stands in the file and wherever the cursor is: an answer, and no exception."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from editor.texts import document

from cnngraph.editor import links
from cnngraph.editor.completion import completed_from, completions
from cnngraph.editor.hints import hints
from cnngraph.editor.hover import hover
from cnngraph.editor.symbols import symbols
from cnngraph.editor.words import TYPE_NAMES, checked_figures
from cnngraph.resources import resource
from cnngraph.syntax import ast
from cnngraph.syntax.tree import walk

FILES = sorted([*resource("specs").rglob("*.cnn"), *(Path(__file__).parents[1] / "errors").glob("*.cnn")])
SMALL = [path for path in FILES if path.stat().st_size < 1_500]
PIECES = ("{", "}", "(", ")", "[", '"', "->", "|", ":", "#", " for ", " let ", " net ", "\n", "𝛼", "@", "= ")


def damaged(text: str, numbers: random.Random) -> str:
    """A text with a stretch taken out or a piece put in, or its end cut off: what typing looks like."""
    at, to = sorted(numbers.choices(range(len(text) + 1), k=2))
    match numbers.randrange(3):
        case 0:
            return text[:at] + text[min(to, at + 12) :]
        case 1:
            return text[:at] + numbers.choice(PIECES) + text[at:]
    return text[: max(at, 1)]


def ask_everything(text: str, numbers: random.Random) -> None:
    found = document(text)
    hints(found)
    symbols(found)
    for offset in numbers.choices(range(len(found.text) + 1), k=6):
        hover(found, offset)
        completions(found, offset)
        assert completed_from(found, offset) <= offset
        links.definition(found, offset)
        assert all(span.source == found.source for span in links.references(found, offset))
        try:
            links.renamable(found, offset)
        except links.Refused:
            continue
        assert found.names.at(offset) is not None


@pytest.mark.parametrize("seed", range(40))
def test_damaged_texts(seed: int) -> None:
    numbers = random.Random(seed)
    text = numbers.choice(SMALL).read_text(encoding="utf-8")
    ask_everything(damaged(text, numbers), numbers)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(1000, 4000))
def test_many_damaged_texts(seed: int) -> None:
    numbers = random.Random(seed)
    text = numbers.choice(FILES).read_text(encoding="utf-8")
    for _ in range(numbers.randint(1, 4)):
        text = damaged(text, numbers)
    ask_everything(text, numbers)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_use_is_a_place_with_that_name(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    names = document(text, path).names
    for binding in names.bindings:
        assert {text[span.start : span.end] for span in binding.places} == {binding.name}
    places = [span for binding in names.bindings for span in binding.places]
    assert len(places) == len(set(places))


WORDS = {*TYPE_NAMES, *checked_figures()}
RIGHT = [path for path in FILES if path.is_relative_to(resource("specs"))]


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_no_name_of_the_tree_is_overlooked(path: Path) -> None:
    found = document(path.read_text(encoding="utf-8"), path)
    known = {span for binding in found.names.bindings for span in binding.places}
    known |= {word.span for word in found.names.open}
    written = [node for node in walk(found.program.module) if isinstance(node, ast.Name)]
    assert [node.span for node in written if node.span not in known and node.text not in WORDS] == []
