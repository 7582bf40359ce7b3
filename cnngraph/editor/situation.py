"""Where in the language a cursor stands, told from the words before it: what is being written rarely parses."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnngraph.editor.classes import Stretch, stretches
from cnngraph.editor.words import SECTIONS, STEP

OPENERS = {"(": ")", "[": "]", "{": "}"}
STATEMENT_STARTS = ("{", "|", ";")


@dataclass
class Bracket:
    """An open bracket: the word that it belongs to, the names of its arguments or keys, and how many have no name."""

    opener: str
    head: str
    given: list[str] = field(default_factory=list)
    unnamed: int = 0
    is_named: bool = False  # the argument being written


@dataclass(frozen=True)
class Situation:
    """The words before the one at the cursor, and the brackets that they leave open, outermost first.

    `line` has the words since the statement began; `prefix` is what is there already of the word at the cursor;
    `inside` is the class of a comment or string around it.
    """

    words: tuple[str, ...]
    line: tuple[str, ...]
    brackets: tuple[Bracket, ...]
    prefix: str
    inside: str | None

    @property
    def previous(self) -> str:
        return self.words[-1] if self.words else ""

    @property
    def innermost(self) -> Bracket | None:
        return self.brackets[-1] if self.brackets else None

    @property
    def section(self) -> Bracket | None:
        """The brace of the section around the cursor; in a step of a training that of the step."""
        heads = (*SECTIONS, STEP) if any(b.head in SECTIONS for b in self.brackets) else SECTIONS
        return next((b for b in reversed(self.brackets) if b.opener == "{" and b.head in heads), None)


def situation(text: str, offset: int) -> Situation:
    """The situation at an offset of a text.

    >>> here = situation("net n(x: 3@8x8) { conv(4, 3x3, pa", 33)
    >>> here.prefix, here.innermost.head, here.previous
    ('pa', 'conv', ',')
    """
    before = list(stretches(text[:offset]))
    inside = before[-1].kind if before and _is_inside(text, before[-1], offset) else None
    at_word = bool(before) and before[-1].end == offset and _is_word(text[before[-1].start : offset])
    prefix = text[before[-1].start : offset] if at_word and inside is None else ""
    done = before[:-1] if prefix or inside else before
    code = [s for s in done if s.kind not in ("comment", "documentation")]
    words = tuple(text[s.start : s.end] for s in code)
    starts = [s.end for s in code if text[s.start : s.end] in STATEMENT_STARTS]
    start = max([text.rfind("\n", 0, offset), *starts])
    line = tuple(text[s.start : s.end] for s in code if s.start >= start)
    return Situation(words, line, tuple(_open(words)), prefix, inside)


def _is_inside(text: str, last: Stretch, offset: int) -> bool:
    """Whether a place is in a comment, or in a string that is not closed before it."""
    if last.kind in ("comment", "documentation"):
        return "\n" not in text[last.end : offset]
    return last.kind == "open string" and last.end == offset


def _is_word(text: str) -> bool:
    return text[0].isalpha() or text[0] == "_"


def _open(words: tuple[str, ...]) -> list[Bracket]:
    """The brackets that are open after some words."""
    found: list[Bracket] = []
    for i, word in enumerate(words):
        if word in OPENERS:
            found.append(Bracket(word, _head(words, i)))
        elif word in OPENERS.values():
            while found and OPENERS[found.pop().opener] != word:
                pass
        elif found:
            _count(found[-1], word, words[i - 1])
    return found


def _count(bracket: Bracket, word: str, previous: str) -> None:
    """A word inside a bracket may name an argument or a key, or end an argument."""
    if (bracket.opener, word) in (("(", "="), ("{", ":")):
        bracket.given.append(previous)
        bracket.is_named = True
    elif word == ",":
        bracket.unnamed += not bracket.is_named
        bracket.is_named = False


def _head(words: tuple[str, ...], at: int) -> str:
    """The word that a bracket belongs to: the called one, or the kind of the section or definition of a brace."""
    if at == 0:
        return ""
    if words[at] == "{" and at >= 2 and words[at - 2] in (*SECTIONS, STEP):
        return words[at - 2]
    if words[at] == "(" and at >= 2 and words[at - 2] in ("net", "block"):
        return words[at - 2]
    return words[at - 1]
