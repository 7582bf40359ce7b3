"""W109: a file that does not state its version of the language."""

from __future__ import annotations

from collections.abc import Iterator

from cnngraph.diagnostics import Diagnostic, Label, Span, Suggestion
from cnngraph.elaborate.modules import NEWEST
from cnngraph.lint.subject import Subject
from cnngraph.syntax import ast


def find(subject: Subject) -> Iterator[Diagnostic]:
    if any(isinstance(item, ast.Version) for item in subject.module.items) or not subject.module.items:
        return
    start = Span(subject.source, 0, 0)
    yield Diagnostic(
        "W109",
        "the file does not state its version of the language",
        Label(start, "it is read as the newest one"),
        helps=(f"write `cnn {NEWEST}` in the first line: the file then keeps its meaning for ever",),
        suggestion=Suggestion(start, f"cnn {NEWEST}\n"),
    )
