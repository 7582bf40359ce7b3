"""Findings in SARIF 2.1.0 (OASIS, 2020), which code hosts and editors read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import PurePath
from urllib.parse import quote

from cnngraph.diagnostics import CODES, Diagnostic, Label, Span, Suggestion
from cnngraph.reports.records import Record

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(diagnostics: Sequence[Diagnostic]) -> Record:
    """One run with a result for each finding, and the codes that occur as its rules.

    >>> log = sarif([Diagnostic("E0501", "there is no file net.cnn")])
    >>> [result["ruleId"] for result in log["runs"][0]["results"]]
    ['E0501']
    """
    codes = sorted({found.code for found in diagnostics})
    driver = {"name": "cnngraph", "rules": [_rule(code) for code in codes]}
    results = [_result(found, codes.index(found.code)) for found in diagnostics]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> Record:
    return {
        "id": code,
        "shortDescription": {"text": CODES[code]},
        "help": {"text": f"cnngraph explain {code}"},
        "defaultConfiguration": {"level": "warning" if code.startswith("W") else "error"},
    }


def _result(found: Diagnostic, rule: int) -> Record:
    result: Record = {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": found.severity,
        "message": {"text": "\n".join([found.message, *found.notes, *(f"help: {text}" for text in found.helps)])},
    }
    if found.primary is not None:
        result["locations"] = [_location(found.primary)]
    if found.secondary:
        result["relatedLocations"] = [{"id": i, **_location(label)} for i, label in enumerate(found.secondary, 1)]
    if found.suggestion is not None:
        result["fixes"] = [_fix(found.suggestion)]
    return result


def _location(label: Label) -> Record:
    physical = {"artifactLocation": _file(label.span), "region": _region(label.span)}
    return {"physicalLocation": physical, **({"message": {"text": label.text}} if label.text else {})}


def _file(span: Span) -> Record:
    path = PurePath(span.source.name)
    return {"uri": path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))}


def _region(span: Span) -> Record:
    end_line, end_column = span.source.line_at(span.end), span.source.column_at(span.end)
    return {"startLine": span.line, "startColumn": span.column, "endLine": end_line, "endColumn": end_column}


def _fix(suggestion: Suggestion) -> Record:
    replacement = {"deletedRegion": _region(suggestion.span), "insertedContent": {"text": suggestion.replacement}}
    change = {"artifactLocation": _file(suggestion.span), "replacements": [replacement]}
    return {"description": {"text": suggestion.title}, "artifactChanges": [change]}
