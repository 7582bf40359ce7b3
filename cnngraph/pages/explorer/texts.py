"""The files of a network as data for a page: their text, the colours of its words, and findings at their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cnngraph.diagnostics import Diagnostic, Label, Source
from cnngraph.editor.colours import TYPES, colours
from cnngraph.editor.document import Document
from cnngraph.elaborate.modules import Program
from cnngraph.syntax import ast
from cnngraph.syntax.tree import walk

MAX_COLOURED = 200_000  # characters of a file that has colours; a longer one is plain
MAX_FINDINGS = 200


def documents(program: Program) -> Iterator[tuple[Source, Document]]:
    """The file and its imports, each read by itself: an import of it is read again, which is quick, files are small.

    A file that defines nothing has nothing to show. How large files are, and how many, the language says.
    """
    own = program.module.span.source
    yield own, Document(program.files[own.name].path, program, {})
    for name, file in program.files.items():
        places = [span for _, span in file.scope.names.values() if span is not None and span.source.name == name]
        if name != own.name and places:
            yield places[0].source, Document.read(file.path, places[0].source.text, {})


def coloured(document: Document) -> list[int]:
    """The coloured stretches of a text: start, length and place of the kind in `TYPES`, in a row.

    >>> from cnngraph.elaborate.modules import load_text
    >>> ((_, document),) = documents(load_text("net n(x: 8) = relu"))
    >>> coloured(document)[:6], TYPES[4]
    ([0, 3, 4, 4, 1, 0], 'keyword')
    """
    if len(document.text) > MAX_COLOURED:
        return []
    found = [(each.start, each.end - each.start, TYPES.index(each.type)) for each in colours(document)]
    return [number for triple in found for number in triple]


def findings(found: Sequence[Diagnostic], wrong: Mapping[str, Diagnostic]) -> list[dict[str, object]]:
    """Diagnostics, errors first: code, message, places, notes and helps, and nodes; of very many the first ones."""
    ordered = sorted(found, key=lambda finding: finding.severity)
    return [
        {**_finding(each), "nodes": [name for name, finding in wrong.items() if finding == each]}
        for each in ordered[:MAX_FINDINGS]
    ]


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
    """The `check` lines of the net, and whether each holds; where other errors kept it from being tried, that is None.

    >>> from cnngraph.elaborate.modules import load_text
    >>> program = load_text("net n(x: 8) { relu; check params == 0 }")
    >>> [(each["text"], each["holds"]) for each in checks(program, "n", ())]
    [('params == 0', True)]
    """
    definition = program.definitions.get(net)
    lines = [node for node in walk(definition) if isinstance(node, ast.Check)] if definition else []
    failed = [each.primary.span for each in found if each.code == "E0400" and each.primary]
    tried = all(each.code == "E0400" for each in found if each.severity == "error")

    def holds(line: ast.Check) -> bool | None:
        return False if any(line.span.contains(span) for span in failed) else (True if tried else None)

    return [
        {**_place(Label(line.span, " ".join(line.condition.span.text.split()))), "holds": holds(line)} for line in lines
    ]
