"""The right column without typing it: the shape at the end of each line that states none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnngraph.diagnostics import Span
from cnngraph.editor.document import Document
from cnngraph.syntax import ast
from cnngraph.syntax.tree import sequences


@dataclass(frozen=True)
class Hint:
    """A text to show at an offset, that the file does not contain."""

    offset: int
    text: str


def hints(document: Document, start: int = 0, end: int | None = None) -> list[Hint]:
    """Hints between two offsets.

    A line of a block that is used with several shapes shows the first and the last of them.

    >>> from pathlib import Path
    >>> from cnngraph.editor.document import Workspace
    >>> workspace, path = Workspace(), Path("n.cnn").resolve()
    >>> workspace.write(path, "net n(x: 1@8x8) { conv(4, 3x3) -> relu; globalavgpool [4]; dense(3) }")
    >>> [(hint.offset, hint.text) for hint in hints(workspace.document(path))]
    [(38, '[4@6x6]'), (67, '[3]')]
    """
    stop = len(document.text) if end is None else end
    last = (pipe.units[-1] for pipe in _pipes(document) if start <= pipe.span.end <= stop)
    found = [(unit.span.end, shape_of(document, unit.span)) for unit in last if unit.shape is None]
    return [Hint(place, text) for place, text in found if text]


def _pipes(document: Document) -> Iterator[ast.Pipe]:
    for statements in sequences(document.program.module):
        for statement in statements:
            if isinstance(statement, (ast.Flow, ast.Let)):
                yield statement.pipe


def shape_of(document: Document, unit: Span) -> str:
    """The shapes that a unit gives, as the right column would state them; empty where nothing is known."""
    shapes = [", ".join(map(str, given.types)) for _, given in document.given.get(unit, ()) if given.types]
    if not shapes:
        return ""
    same = all(shape == shapes[0] for shape in shapes)
    return f"[{shapes[0]}]" if same else f"[{shapes[0]} ... {shapes[-1]}]"
