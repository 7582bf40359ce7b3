"""Files, colours, findings and checks as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnngraph.diagnostics import Diagnostic, Label, Source, Span
from cnngraph.editor.colours import TYPES
from cnngraph.elaborate.modules import load_file, load_text
from cnngraph.pages.explorer import texts
from cnngraph.pages.explorer.texts import checks, coloured, documents, findings
from cnngraph.resources import resource


def test_all_files_of_a_net_are_shown_the_net_first() -> None:
    path = Path(str(resource("specs", "nets", "resnet152.cnn")))
    read = list(documents(load_file(path)))
    assert [source.name for source, _ in read] == [str(path), "std/conv.cnn", "std/resnet.cnn"]
    assert all(document.text == source.text for source, document in read)


def test_a_file_of_constants_alone_is_shown(tmp_path: Path) -> None:
    (tmp_path / "sizes.cnn").write_text("cnn 1\nlet n = 3\n", encoding="utf-8")
    (tmp_path / "net.cnn").write_text('import n from "sizes.cnn"\nnet a(x: 8) = dense(n)\n', encoding="utf-8")
    read = list(documents(load_file(tmp_path / "net.cnn")))
    assert [Path(source.name).name for source, _ in read] == ["net.cnn", "sizes.cnn"]


def test_colours_cover_their_words() -> None:
    text = "net n(x: 8) = relu -> dense(3)  # three"
    ((_, document),) = documents(load_text(text))
    numbers = coloured(document)
    words = {text[at : at + length]: TYPES[kind] for at, length, kind in zip(*[iter(numbers)] * 3, strict=True)}
    assert words["relu"] == "function"
    assert words["# three"] == "comment"
    assert sorted(numbers[::3]) == numbers[::3]


def test_a_very_long_file_has_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    program = load_text('import conv_relu from "std/conv.cnn"\nnet n(x: 3@8x8) = conv_relu(4, 3x3)')
    monkeypatch.setattr(texts, "MAX_COLOURED", 100)
    assert [bool(coloured(document)) for _, document in documents(program)] == [True, False]


def finding(code: str, start: int, end: int) -> Diagnostic:
    span = Span(Source("n.cnn", "net n(x: 8) = relu\nrest"), start, end)
    return Diagnostic(code, f"says {code}", Label(span, "here"), helps=("do it",))


def test_findings_come_with_their_places_errors_first() -> None:
    warning, error = finding("W101", 0, 3), finding("E0201", 19, 23)
    first, second = findings([warning, error], {"relu": error})
    assert (first["code"], first["nodes"], second["code"], second["nodes"]) == ("E0201", ["relu"], "W101", [])
    assert first["places"] == [{"file": "n.cnn", "from": 19, "to": 23, "line": 2, "text": "here"}]
    assert first["notes"] == ["help: do it"]


def test_of_very_many_findings_the_first_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MAX_FINDINGS", 2)
    found = [finding(f"E010{i}", i, i + 1) for i in range(1, 5)]
    assert [each["code"] for each in findings(found, {})] == ["E0101", "E0102"]


def test_checks_hold_fail_or_were_not_tried() -> None:
    program = load_text("net n(x: 8) { dense(3); check params == 27; check params == 28 }")
    text = program.module.span.source
    at = text.text.index("params == 28")
    failed = Diagnostic("E0400", "no", Label(Span(text, at, at + 12), ""))
    other = Diagnostic("E0101", "no")
    assert [each["holds"] for each in checks(program, "n", [failed])] == [True, False]
    assert [each["holds"] for each in checks(program, "n", [other])] == [None, None]
    assert checks(program, "gone", []) == []
