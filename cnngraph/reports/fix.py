"""Suggestions are applied to a text. Whatever they do not touch stays as it is, character for character."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cnngraph.diagnostics import BYTE_ORDER_MARK, Diagnostic, Suggestion, edited

MAX_ROUNDS = 10


def fixed(text: str, diagnostics: Iterable[Diagnostic], safe_only: bool = True) -> str:
    """The text with the suggestions of these findings applied, as far as they concern this text and do not overlap.

    >>> from cnngraph.syntax.parse import parse_tolerant
    >>> text = "net n(x: 1@8x8) { conv(4 3x3) }"
    >>> fixed(text, parse_tolerant(text, "net.cnn")[1])
    'net n(x: 1@8x8) { conv(4, 3x3) }'
    """
    mark, bare = _divided(text)
    return mark + edited(bare, applicable(bare, diagnostics, safe_only))


def applicable(text: str, diagnostics: Iterable[Diagnostic], safe_only: bool = True) -> list[Suggestion]:
    """The suggestions for this very text, in order; of two that overlap or insert at one place, the first."""
    offered = [d.suggestion for d in diagnostics if d.suggestion is not None]
    own = [s for s in offered if s.span.source.text == text and (s.safe or not safe_only)]
    chosen: list[Suggestion] = []
    for edit in sorted(own, key=lambda s: (s.span.start, s.span.end)):
        if not chosen or (edit.span.start >= chosen[-1].span.end and edit.span.start > chosen[-1].span.start):
            chosen.append(edit)
    return chosen


@dataclass(frozen=True)
class Mended:
    """A text after all rounds, and what was applied, in order."""

    text: str
    applied: tuple[Suggestion, ...]


def mended(text: str, find: Callable[[str], Sequence[Diagnostic]]) -> Mended:
    """Apply safe suggestions, look again, and so on until nothing is left to apply, or ten rounds are over."""
    applied: list[Suggestion] = []
    for _ in range(MAX_ROUNDS):
        found = find(text)
        edits = applicable(_divided(text)[1], found)
        if not edits:
            break
        text = fixed(text, found)
        applied += edits
    return Mended(text, tuple(applied))


def _divided(text: str) -> tuple[str, str]:
    """The byte order mark of a text, which its places do not count, and the rest."""
    bare = text.removeprefix(BYTE_ORDER_MARK)
    return text[: len(text) - len(bare)], bare
