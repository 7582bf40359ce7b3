"""Suggestions are applied once each, in their own text, and nothing else changes."""

from __future__ import annotations

from cnngraph.diagnostics import Diagnostic, Label, Source, Span, Suggestion
from cnngraph.judge import judge_text
from cnngraph.reports.fix import MAX_ROUNDS, fixed, mended
from cnngraph.syntax.parse import parse_tolerant

WRONG = "net n(x: 1@8x8) {\r\n  a = x -> Conv2D(4 3x3)\t# first\r\n  ReLU\r\n}"


def edit(text: str, start: int, end: int, new: str, safe: bool = True) -> Diagnostic:
    span = Span(Source("net.cnn", text), start, end)
    return Diagnostic("E0001", "x", Label(span, ""), suggestion=Suggestion(span, new, safe))


def test_edits_that_meet_and_overlap() -> None:
    text = "abcdef"
    assert fixed(text, [edit(text, 4, 6, "X"), edit(text, 0, 2, "Y")]) == "YcdX"
    assert fixed(text, [edit(text, 0, 3, "X"), edit(text, 2, 4, "Y")]) == "Xdef"
    assert fixed(text, [edit(text, 0, 2, "X"), edit(text, 2, 4, "Y")]) == "XYef"
    assert fixed(text, [edit(text, 2, 2, "X"), edit(text, 2, 2, "X")]) == "abXcdef"


def test_other_texts_and_unsafe_ones_are_left_alone() -> None:
    text = "abc"
    assert fixed(text, [edit("other", 0, 1, "X"), edit(text, 0, 1, "Y", safe=False)]) == text
    assert fixed(text, [edit(text, 0, 1, "Y", safe=False)], safe_only=False) == "Ybc"


def test_a_byte_order_mark_is_kept() -> None:
    text = "\ufeffnet n(x: 1@8x8) { conv(4 3x3) }"
    assert fixed(text, parse_tolerant(text, "net.cnn")[1]) == "\ufeffnet n(x: 1@8x8) { conv(4, 3x3) }"


def test_rounds_go_on_until_nothing_is_left() -> None:
    result = mended(WRONG, lambda text: judge_text(text, "net.cnn", lints=False).found)
    assert result.text == "net n(x: 1@8x8) {\r\n  let a = x -> conv(4, 3x3)\t# first\r\n  relu\r\n}"
    assert [s.replacement for s in result.applied] == ["let ", ",", "conv", "relu"]


def test_rounds_end() -> None:
    grown = mended("", lambda text: [edit(text, 0, 0, "x")])
    assert grown.text == "x" * MAX_ROUNDS


def test_a_labelled_row_is_not_made_a_let() -> None:
    """`c = conv(...)` in the style of Python is a row that continues the line above as often as a value of its own."""
    result = mended("net n(x: 1@8x8) {\n  c = conv(4, 3x3)\n}", lambda text: parse_tolerant(text, "net.cnn")[1])
    assert result.applied == ()
