"""Colour changes how a finding looks, and nothing of what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cnngraph.diagnostics import Diagnostic, Label, Source, Span, render
from cnngraph.elaborate.modules import load_text
from cnngraph.judge import judge
from cnngraph.reports.terminal import more_about, paint, wants_colour

ERRORS = Path(__file__).parents[1] / "errors"
WRONG = sorted(ERRORS.glob("*.cnn"))


class Screen:
    def __init__(self, is_terminal: bool) -> None:
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


@pytest.mark.parametrize("file", WRONG, ids=lambda f: f.stem)
def test_without_its_codes_the_coloured_text_is_the_plain_one(file: Path) -> None:
    found = judge(load_text(file.read_text(encoding="utf-8"), file.name, ERRORS)).found
    coloured = render(found, paint)
    assert coloured != render(found)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render(found)


def test_the_colours() -> None:
    source = Source("net.cnn", "conv(4) relu")
    label, other = Label(Span(source, 8, 12), "here"), Label(Span(source, 0, 7), "there")
    red, blue, bold, off = "\x1b[1;31m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"
    assert Diagnostic("E0101", "wrong", label, (other,), helps=("mend it",)).render(paint).splitlines() == [
        f"{red}error[E0101]{off}{bold}: wrong{off}",
        f"  {blue}-->{off} net.cnn:1:9",
        f"{blue}1 |{off} conv(4) relu",
        f"{blue}  |{off}         {red}^^^^ here{off}",
        f"{blue}  |{off} {blue}------- there{off}",
        f"  {blue}={off} {bold}help{off}: mend it",
    ]
    assert Diagnostic("W102", "idle", label).render(paint).startswith("\x1b[1;33mwarning[W102]")


@pytest.mark.parametrize(
    ("terminal", "choice", "environment", "wanted"),
    [
        (True, "auto", {}, True),
        (False, "auto", {}, False),
        (True, "auto", {"NO_COLOR": "1"}, False),
        (True, "auto", {"NO_COLOR": ""}, True),
        (True, "auto", {"TERM": "dumb"}, False),
        (False, "always", {"NO_COLOR": "1"}, True),
        (True, "never", {}, False),
    ],
)
def test_when_there_is_colour(terminal: bool, choice: str, environment: dict[str, str], wanted: bool) -> None:
    assert wants_colour(Screen(terminal), choice, environment) is wanted


def test_where_to_read_more() -> None:
    warning, error, other = Diagnostic("W102", "a"), Diagnostic("E0101", "b"), Diagnostic("E0301", "c")
    assert more_about([warning]) == "for more about this warning: cnngraph explain W102"
    assert more_about([error, error]) == "for more about this error: cnngraph explain E0101"
    assert more_about([warning, other, error]) == (
        "for more about these errors (E0101, E0301, W102): cnngraph explain E0301"
    )


def test_of_very_many_findings_the_errors_are_shown() -> None:
    found = [*(Diagnostic("W102", f"warning {i}") for i in range(30)), Diagnostic("E0101", "the error")]
    text = render(found)
    assert text.count("warning[W102]") == 19
    assert text.endswith("error[E0101]: the error\n\n... and 11 more")
