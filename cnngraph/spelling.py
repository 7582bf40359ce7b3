"""The known word that a wrong one was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from cnngraph.diagnostics import Diagnostic, Label, Span, Suggestion

MAX_LETTERS = 40
MAX_WORDS = 300


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The word of `known` that is most like `word`, if any is alike enough (1.0: equal).

    The cost is bounded: very long words are not looked at, and of very many words those of about the same length.

    >>> nearest("padd", ["pad", "stride"])
    'pad'
    """
    if len(word) > MAX_LETTERS:
        return None
    by_length = sorted(known, key=lambda name: abs(len(name) - len(word)))
    return next(iter(get_close_matches(word, by_length[:MAX_WORDS], 1, likeness)), None)


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """A help for a word that is not known: the nearest known one, or `otherwise`."""
    close = nearest(word, known)
    return f"did you mean `{close}`?" if close else otherwise


def misspelled(
    code: str, message: str, span: Span, known: Iterable[str], otherwise: str, remark: str = "unknown", word: str = ""
) -> Diagnostic:
    """The finding about an unknown word (by default the text of the span), with the nearest one or other advice."""
    close = nearest(word or span.text, known)
    if close is None:
        return Diagnostic(code, message, Label(span, remark), helps=(otherwise,))
    return Diagnostic(
        code, message, Label(span, remark), helps=(f"did you mean `{close}`?",), suggestion=Suggestion(span, close)
    )
