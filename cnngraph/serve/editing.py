"""What the editor of the page asks: findings, hints, hover, completion, definition and format, as plain data.

They are the answers of the language server, from the same functions; here they only get another form.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label, Span
from cnngraph.editor.completion import completed_from, completions
from cnngraph.editor.document import Document
from cnngraph.editor.hints import hints
from cnngraph.editor.hover import hover
from cnngraph.editor.links import definition, import_of
from cnngraph.explain.pages import pages
from cnngraph.serve.desk import Desk
from cnngraph.serve.text_places import TextPlaces
from cnngraph.syntax.format import formatted

Json = dict[str, Any]
MOST = 200  # findings that are shown


def check(desk: Desk, job: Mapping[str, Any]) -> Json:
    """All findings with their causes and changes, the shapes at the ends of lines, the nets of the file."""
    document = desk.document(job, anew=True)
    places = TextPlaces(document.text)
    found = document.findings
    return {
        "findings": [_finding(desk, document, places, one) for one in found[:MOST]],
        "more": max(len(found) - MOST, 0),
        "hints": [{"at": places.there(hint.offset), "text": hint.text} for hint in hints(document)],
        "nets": list(document.program.nets),
    }


def _finding(desk: Desk, document: Document, places: TextPlaces, finding: Diagnostic) -> Json:
    primary = finding.primary
    own = primary is not None and primary.span.source == document.source
    here = primary.span if primary is not None and own else import_of(document, finding)
    change = finding.suggestion
    return {
        "severity": finding.severity,
        "code": finding.code,
        "message": finding.message,
        "remark": primary.text if primary else "",
        "from": places.there(here.start),
        "to": places.there(here.end),
        "line": here.line,
        "elsewhere": None if own or primary is None else _place(desk, document, primary),
        "causes": [_place(desk, document, label) for label in finding.secondary],
        "notes": finding.notes,
        "helps": finding.helps,
        "explained": finding.code in pages(),
        "change": None if change is None or change.span.source != document.source else {
            "title": change.title, "insert": change.replacement, "safe": change.safe,
            "from": places.there(change.span.start), "to": places.there(change.span.end),
        },
    }  # fmt: skip


def _place(desk: Desk, document: Document, label: Label) -> Json:
    return {"text": label.text, **_where(desk, document.path_of(label.span.source), label.span, document)}


def _where(desk: Desk, path: Path, span: Span | None, document: Document) -> Json:
    """A place for people and for the editor: in this text by its offsets, in another file by line and column."""
    own = path == document.path
    found: Json = {"file": None if own else desk.file_of(path), "own": own, "shown": path.name}
    if span is None:
        return {**found, "line": 1, "column": 1}
    found |= {"shown": span.source.name, "line": span.line, "column": span.column}
    if own:
        places = TextPlaces(document.text)
        found |= {"from": places.there(span.start), "to": places.there(span.end)}
    return found


def hover_at(desk: Desk, job: Mapping[str, Any]) -> Json:
    document, places, offset = _at(desk, job)
    found = hover(document, offset)
    if found is None:
        return {"markdown": ""}
    return {"markdown": found.markdown, "from": places.there(found.span.start), "to": places.there(found.span.end)}


def complete(desk: Desk, job: Mapping[str, Any]) -> Json:
    document, places, offset = _at(desk, job)
    options = [
        {"label": c.label, "kind": c.kind, "detail": c.detail, "info": c.documentation, "insert": c.insert or c.label}
        for c in completions(document, offset)
    ]
    return {"from": places.there(completed_from(document, offset)), "options": options}


def define(desk: Desk, job: Mapping[str, Any]) -> Json:
    document, _, offset = _at(desk, job)
    target = definition(document, offset)
    return {} if target is None else _where(desk, target.path, target.span, document)


def format_text(desk: Desk, job: Mapping[str, Any]) -> Json:
    """The text in the one style; None with a reason where it does not parse."""
    document = desk.document(job)
    try:
        return {"text": formatted(document.text, document.source.name)}
    except CnnGraphError as refused:
        first = refused.diagnostics[0]
        line = f"line {first.primary.span.line}: " if first.primary else ""
        return {"text": None, "reason": f"{line}{first.message}"}


def explain(desk: Desk, job: Mapping[str, Any]) -> Json:
    """The page of a code, as Markdown."""
    page = pages().get(str(job["code"]))
    return {"markdown": page.text if page else ""}


def _at(desk: Desk, job: Mapping[str, Any]) -> tuple[Document, TextPlaces, int]:
    document = desk.document(job)
    places = TextPlaces(document.text)
    return document, places, places.here(int(job["at"]))
