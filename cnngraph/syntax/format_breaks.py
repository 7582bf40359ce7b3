"""Where a line of a body goes on below: at the breaks that stay, and where it is wider than the page."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

from cnngraph.syntax.format_words import Brace, Word
from cnngraph.syntax.tokens import ARROW, OPERATORS

WIDTH = 120
STEP = 2

Words: TypeAlias = Sequence[Word]
Measure: TypeAlias = Callable[[Words], int]


@dataclass
class Piece:
    """A stretch of a line that stands on one line of the page, if it fits.

    `level` counts the brackets around it that have one member a line; `continues` says that it begins within a member.
    Where its last word opens a brace that is broken, that is `brace`, and the next piece begins with the `}`.
    """

    words: list[Word]
    level: int = 0
    continues: bool = False
    brace: Brace | None = None

    @property
    def indent(self) -> int:
        return STEP * (self.level + self.continues)

    @property
    def arrow_indent(self) -> int:
        return STEP * (self.level + 1)


def pieces(parts: Sequence[Word | Brace], shapes: Container[int]) -> list[Piece]:
    """Cut a line at its broken braces, its comments, its broken brackets and the breaks before its arrows."""
    cutter = _Cutter(parts, shapes)
    for index in range(len(parts)):
        cutter.take(index)
    return [piece for piece in cutter.found if piece.words]


@dataclass
class _Cutter:
    parts: Sequence[Word | Brace]
    shapes: Container[int]
    found: list[Piece] = field(default_factory=lambda: [Piece([])])
    broken: list[bool] = field(default_factory=list)  # of each open bracket, whether it has one member a line

    def take(self, index: int) -> None:
        part = self.parts[index]
        word = part.opener if isinstance(part, Brace) else part
        begins_member = self._begins_member(index, word)
        if word.kind in ("RPAR", "RSQB"):
            self.broken.pop()
        if index > 0 and (begins_member or word.comments or self._is_kept_arrow(index, word)):
            self.found.append(Piece([], sum(self.broken), not begins_member))
        self.found[-1].words.append(word)
        if word.kind in ("LPAR", "LSQB"):
            self.broken.append(self._is_broken(index, word))
        if isinstance(part, Brace) and part.is_empty:
            self.found[-1].words.append(part.closer)
        elif isinstance(part, Brace):
            self.found[-1].brace = part
            self.found.append(Piece([part.closer], sum(self.broken)))

    def _begins_member(self, index: int, word: Word) -> bool:
        if not self.broken or not self.broken[-1]:
            return False
        before = self.parts[index - 1]
        return word.kind in ("RPAR", "RSQB") or (isinstance(before, Word) and before.kind in ("COMMA", "LPAR", "LSQB"))

    def _is_broken(self, index: int, opener: Word) -> bool:
        after = self.parts[index + 1]
        is_empty = isinstance(after, Word) and after.kind in ("RPAR", "RSQB") and not after.comments
        return isinstance(after, Word) and after.on_new_line and not is_empty and opener.start not in self.shapes

    def _is_kept_arrow(self, index: int, word: Word) -> bool:
        """Whether the author broke the line at this arrow. A break after it is the same as one before."""
        if word.kind != ARROW or (self.broken and not self.broken[-1]):
            return False
        after = self.parts[index + 1]
        return word.line_ends > 0 or (isinstance(after, Word) and after.line_ends > 0 and not after.comments)


def wrapped(words: Words, indent: int, below_arrows: int, measure: Measure) -> list[tuple[int, Words]]:
    """The words in as many lines as the page asks for, each with its indent: cut at the weakest places that there are,
    first at the outer ones, and at arrows before commas before operators. A line that begins with an outer arrow has
    the indent `below_arrows`: it will be found as a break of the author when the text is formatted again."""
    depths = _depths(words)
    outer, *inner = sorted(set(depths))
    ways = [_Way(depth, cut) for depth in inner for cut in (_at_arrow, _after_comma, _after_operator)]
    first = [_Way(outer, _at_arrow, below_arrows), _Way(outer, _after_comma), _Way(outer, _after_operator)]
    return list(_wrap(words, depths, indent, [*first, *ways], measure))


@dataclass(frozen=True)
class _Way:
    """Where to cut: at which depth of brackets, before or after what; and the indent of what follows, if fixed."""

    depth: int
    cut: Callable[[Words, int], bool]
    indent: int | None = None

    def places(self, words: Words, depths: Sequence[int]) -> Iterator[int]:
        shift = 0 if self.cut is _at_arrow else 1
        return (i for i in range(1, len(words)) if depths[i - shift] == self.depth and self.cut(words, i))


def _wrap(
    words: Words, depths: Sequence[int], indent: int, ways: Sequence[_Way], measure: Measure
) -> Iterator[tuple[int, Words]]:
    if not ways or indent + measure(words) <= WIDTH:
        yield indent, words
        return
    way, *rest = ways
    below = indent + 2 * STEP if way.indent is None else way.indent
    start = 0
    for place, following in pairwise([*way.places(words, depths), len(words)]):
        if (below if start else indent) + measure(words[start:following]) > WIDTH:
            yield from _wrap(words[start:place], depths[start:place], below if start else indent, rest, measure)
            start = place
    yield from _wrap(words[start:], depths[start:], below if start else indent, rest, measure)


def _depths(words: Words) -> list[int]:
    """How many brackets are open at each word; a bracket itself stands outside of what it encloses."""
    depth, depths = 0, []
    for word in words:
        depth -= word.kind in ("RPAR", "RSQB")
        depths.append(depth)
        depth += word.kind in ("LPAR", "LSQB")
    return depths


def _at_arrow(words: Words, index: int) -> bool:
    return words[index].kind == ARROW


def _after_comma(words: Words, index: int) -> bool:
    return words[index - 1].kind == "COMMA"


def _after_operator(words: Words, index: int) -> bool:
    return words[index - 1].kind in OPERATORS
