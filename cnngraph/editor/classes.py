"""What each stretch of a `.cnn` text is, for highlighters: an ordered table of patterns, the first match wins.

The patterns are plain enough to mean the same to Python, to Oniguruma (TextMate grammars) and to JavaScript. None of
them looks beyond its line. This is not the lexer of the language, but it cuts every text where that one does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from cnngraph.editor import words

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
SIZE = r"(?:[0-9]+|[A-Z][0-9]*)"
END = r"(?![A-Za-z0-9_])"


@dataclass(frozen=True)
class Stretch:
    """Characters `start` up to, not including, `end`, and their class."""

    kind: str
    start: int
    end: int


def patterns() -> tuple[tuple[str, str], ...]:
    """(class, pattern) in the order in which they are tried; operators that were added are in them."""
    return _patterns(words.layers())


@cache
def _patterns(layers: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return (
        ("documentation", r"##[^\n]*"),
        ("comment", r"#[^\n]*"),
        ("string", r'"(?:[^"\\\n]|\\.)*"'),
        ("open string", r'"[^\n]*'),
        ("dimensions", rf"{SIZE}(?:[x×]{SIZE})+{END}"),
        ("number", r"[0-9][0-9_]*(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)"),
        ("number", r"[0-9][0-9_]*"),
        ("definition", rf"(?:(?<=\bnet )|(?<=\bblock )){NAME}"),
        ("declaration", _any(words.DECLARATIONS)),
        ("control", _any(words.CONTROL)),
        ("logic", _any(words.LOGIC)),
        ("constant", _any(words.CONSTANTS)),
        ("section", rf"{_any(words.SECTIONS)}(?=[ \t]*(?:{NAME})?[ \t]*\{{)"),
        ("section", rf"{_any((words.STEP,))}(?=[ \t]+{NAME}[ \t]*\{{)"),
        ("layer", _any(layers)),
        ("label", rf"{NAME}(?=[ \t]*:)"),
        ("argument", rf"{NAME}(?=[ \t]*=(?!=))"),
        ("function", rf"{_any((*words.functions(), *words.checked_figures()))}(?=[ \t]*\()"),
        ("type", rf"(?<=: ){_any(words.TYPE_NAMES)}"),
        ("padding", _any(words.paddings())),
        ("left value", _any((words.VALUE_ON_THE_LEFT,))),
        ("name", NAME),
        ("arrow", r"->|→"),
        ("lane", r"\|"),
        ("operator", r"==|!=|<=|>=|<|>|\.\.|[-+*/%@=]"),
        ("punctuation", r"[(){}\[\],:;.]"),
    )


def _any(choices: Sequence[str]) -> str:
    """One of these words, whole."""
    return rf"(?:{'|'.join(sorted(choices))}){END}"


@cache
def _compiled(layers: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern)) for kind, pattern in _patterns(layers))


def stretches(text: str) -> Iterator[Stretch]:
    """The classes of a text from left to right; white space and characters that no pattern knows are left out.

    >>> [(s.kind, "a: conv(6, 5x5)"[s.start : s.end]) for s in stretches("a: conv(6, 5x5)")][:3]
    [('label', 'a'), ('punctuation', ':'), ('layer', 'conv')]
    """
    compiled, at = _compiled(words.layers()), 0
    while at < len(text):
        found = next(((kind, m) for kind, pattern in compiled if (m := pattern.match(text, at))), None)
        if found is None:
            at += 1
            continue
        kind, match = found
        yield Stretch(kind, at, match.end())
        at = match.end()
