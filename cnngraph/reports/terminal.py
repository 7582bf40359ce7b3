"""Findings on a terminal: in colour where there is one, with a word on where to read more."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

from cnngraph.diagnostics import CODES, Diagnostic, render

COLOURS = {"error": "1;31", "warning": "1;33", "message": "1", "bar": "1;34"}


class Stream(Protocol):
    """What is asked of the place that a text goes to."""

    def isatty(self) -> bool:
        """Whether a person sees it."""


def wants_colour(stream: Stream, choice: str = "auto", environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a text for `stream` is coloured: as `always` or `never` say, else on a terminal without NO_COLOR."""
    if choice != "auto":
        return choice == "always"
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def paint(kind: str, text: str) -> str:
    """The text between the codes of a terminal that colour it.

    >>> paint("error", "error[E0301]")
    '\\x1b[1;31merror[E0301]\\x1b[0m'
    """
    return f"\x1b[{COLOURS[kind]}m{text}\x1b[0m" if text else text


def report(diagnostics: Sequence[Diagnostic], colour: bool = False) -> str:
    """All findings as a terminal shows them, and the command that explains them.

    >>> print(report([Diagnostic("E0501", "there is no file net.cnn")]))
    error[E0501]: there is no file net.cnn
    <BLANKLINE>
    for more about this error: cnngraph explain E0501
    """
    text = render(diagnostics, paint) if colour else render(diagnostics)
    return f"{text}\n\n{more_about(diagnostics)}"


def more_about(diagnostics: Sequence[Diagnostic]) -> str:
    """Where to read about the findings: each code has a page."""
    codes = list(dict.fromkeys(d.code for d in diagnostics if d.code in CODES))
    first = next((d for d in diagnostics if d.severity == "error"), diagnostics[0])
    if len(codes) == 1:
        return f"for more about this {first.severity}: cnngraph explain {first.code}"
    kinds = "errors" if first.severity == "error" else "warnings"
    return f"for more about these {kinds} ({', '.join(sorted(codes))}): cnngraph explain {first.code}"
