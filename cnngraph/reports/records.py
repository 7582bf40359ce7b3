"""Findings as plain data, for programs: lines and columns that count from 1, and the ranges of the editors' protocol.

A `range` counts lines and UTF-16 units from 0, as the language server protocol does; other numbers count characters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cnngraph.diagnostics import Diagnostic, Label, Source, Span, Suggestion

Record = dict[str, Any]


def records(diagnostics: Iterable[Diagnostic]) -> list[Record]:
    """Each finding as a record that JSON can hold.

    >>> source = Source("net.cnn", "net n(image: 1@8x8) = Relu")
    >>> finding = Diagnostic("E0101", "unknown name `Relu`", Label(Span(source, 22, 26), "here"))
    >>> record = records([finding])[0]
    >>> [record[key] for key in ("code", "severity", "file", "line", "column", "end_column")]
    ['E0101', 'error', 'net.cnn', 1, 23, 27]
    """
    return [record(diagnostic) for diagnostic in diagnostics]


def record(found: Diagnostic) -> Record:
    """One finding; its place is missing where it has none in a file."""
    labels = [] if found.primary is None else [found.primary, *found.secondary]
    return {
        "code": found.code,
        "severity": found.severity,
        "message": found.message,
        **({} if found.primary is None else place(found.primary.span)),
        "labels": [_label(label, label is found.primary) for label in labels],
        "notes": list(found.notes),
        "helps": list(found.helps),
        "suggestion": None if found.suggestion is None else _suggestion(found.suggestion),
    }


def place(span: Span) -> Record:
    """File, first and last line and column, and the range for editors."""
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "end_line": span.source.line_at(span.end),
        "end_column": span.source.column_at(span.end),
        "range": {"start": position(span.source, span.start), "end": position(span.source, span.end)},
    }


def position(source: Source, offset: int) -> dict[str, int]:
    """A place as editors count it.

    >>> position(Source("net.cnn", "# \U0001f642\\n# \U0001f642 relu"), 8)
    {'line': 1, 'character': 5}
    """
    column = source.column_at(offset) - 1
    before = source.text[offset - column : offset]
    return {"line": source.line_at(offset) - 1, "character": len(before.encode("utf-16-le")) // 2}


def _label(label: Label, primary: bool) -> Record:
    return {"primary": primary, "text": label.text, **place(label.span)}


def _suggestion(suggestion: Suggestion) -> Record:
    edit = {**place(suggestion.span), "new_text": suggestion.replacement}
    return {"title": suggestion.title, "safe": suggestion.safe, "edits": [edit]}
