"""Findings as data: every number of a record, counted by hand."""

from __future__ import annotations

import json

from cnngraph.diagnostics import Diagnostic, Label, Source, Span, Suggestion
from cnngraph.reports.records import record, records

SOURCE = Source("a/net.cnn", "# \U0001f642\nnet n(x: 1@8x8) {\n  \u00fc \U0001f642 Relu\n}\n")
START = SOURCE.text.index("Relu")
SPAN = Span(SOURCE, START, START + 4)
FOUND = Diagnostic(
    "E0101",
    "unknown name `Relu`",
    Label(SPAN, "not a layer"),
    (Label(Span(SOURCE, 4, SOURCE.text.index("\n", 4)), "in this net"),),
    ("in `b` used at 3:1",),
    ("did you mean `relu`?",),
    Suggestion(SPAN, "relu"),
)
PLACE = {
    "file": "a/net.cnn",
    "line": 3,
    "column": 7,
    "end_line": 3,
    "end_column": 11,
    "range": {"start": {"line": 2, "character": 7}, "end": {"line": 2, "character": 11}},
}


def test_a_record() -> None:
    found = record(FOUND)
    assert found == {
        "code": "E0101",
        "severity": "error",
        "message": "unknown name `Relu`",
        **PLACE,
        "labels": [
            {"primary": True, "text": "not a layer", **PLACE},
            {"primary": False, "text": "in this net", "file": "a/net.cnn", "line": 2, "column": 1, "end_line": 2,
             "end_column": 18,
             "range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 17}}},
        ],
        "notes": ["in `b` used at 3:1"],
        "helps": ["did you mean `relu`?"],
        "suggestion": {
            "title": "replace `Relu` by `relu`", "safe": True, "edits": [{**PLACE, "new_text": "relu"}],
        },
    }  # fmt: skip
    assert json.loads(json.dumps(found)) == found


def test_a_finding_without_a_place() -> None:
    (found,) = records([Diagnostic("E0501", "there is no file net.cnn")])
    assert found == {
        "code": "E0501", "severity": "error", "message": "there is no file net.cnn", "labels": [], "notes": [],
        "helps": [], "suggestion": None,
    }  # fmt: skip


def test_what_a_suggestion_does() -> None:
    assert Suggestion(Span(SOURCE, START, START), "it -> ").title == "insert `it ->`"
    assert Suggestion(SPAN, "").title == "remove `Relu`"
