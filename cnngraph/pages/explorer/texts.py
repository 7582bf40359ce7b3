"""The files of a network as data for a page: their text, the colours of its words, and findings at their places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cnngraph.diagnostics import Diagnostic, Label, Source
from cnngraph.editor.colours import TYPES, colours
from cnngraph.editor.document import Document
from cnngraph.elaborate.modules import Program
from cnngraph.syntax import ast
from cnngraph.syntax.tree import walk

MAX_COLOURED = 200_000  # characters of a file that has colours; a longer one is plain
MAX_SHOWN = 2_000_000  # characters of all files together; what comes after them is left out
MAX_FINDINGS = 200


def texts(program: Program) -> list[dict[str, Any]]:
    """The file and its imports, the file itself first: name, text, and colours as start, length and kind in a row.

    >>> from cnngraph.elaborate.modules import load_text
    >>> found = texts(load_text("net n(x: 8) = relu"))
    >>> found[0]["text"], found[0]["colours"][:6], TYPES[found[0]["colours"][2]]
    ('net n(x: 8) = relu', [0, 3, 4, 4, 1, 0], 'keyword')
    """
    shown: list[dict[str, Any]] = []
    room = MAX_SHOWN
    for source, document in _documents(program):
        if len(source.text) <= room:
            room -= len(source.text)
            shown.append({"name": source.name, "text": source.text, "colours": _colours(document)})
    return shown


def _documents(program: Program) -> Iterator[tuple[Source, Document]]:
    """Each file once, read by itself: an import of it is read again, which is quick, for files are small."""
    own = program.module.span.source
    yield own, Document(program.files[own.name].path, program, {})
    for name, file in program.files.items():
        places = [span for _, span in file.scope.names.values() if span is not None and span.source.name == name]
        if name != own.name and places:
            yield places[0].source, Document.read(file.path, places[0].source.text, {})


def _colours(document: Document) -> list[int]:
    if len(document.text) > MAX_COLOURED:
        return []
    found = [(each.start, each.end - each.start, TYPES.index(each.type)) for each in colours(document)]
    return [number for triple in found for number in triple]


def findings(found: Sequence[Diagnostic]) -> list[dict[str, object]]:
    """Diagnostics, errors first: code, message, places, notes and helps; of very many the first ones."""
    ordered = sorted(found, key=lambda finding: finding.severity)
    return [_finding(each) for each in ordered[:MAX_FINDINGS]]


def _finding(finding: Diagnostic) -> dict[str, object]:
    places = [finding.primary] if finding.primary else []
    return {
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "places": [_place(label) for label in (*places, *finding.secondary)],
        "notes": [*finding.notes, *(f"help: {text}" for text in finding.helps)],
    }


def _place(label: Label) -> dict[str, object]:
    span = label.span
    place = {"file": span.source.name, "from": span.start, "to": span.end, "line": span.line}
    return {**place, "text": label.text}


def checks(program: Program, net: str, found: Sequence[Diagnostic]) -> list[dict[str, object]]:
    """The `check` lines of the net, and whether each holds."""
    definition = program.definitions.get(net)
    lines = [node for node in walk(definition) if isinstance(node, ast.Check)] if definition else []
    failed = [each.primary.span for each in found if each.code == "E0400" and each.primary]
    return [
        {
            **_place(Label(line.span, " ".join(line.condition.span.text.split()))),
            "holds": not any(line.span.contains(span) for span in failed),
        }
        for line in lines
    ]
