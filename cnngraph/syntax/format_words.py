"""What the formatter works on: the words of a file, each with the comments before it, in lines, lanes and braces.

A text that parses is read into this once more, because the typed tree has no comments. No word is added, dropped or
moved by formatting, and no comment passes a word; so the tree that is read afterwards is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from cnngraph.diagnostics import Source
from cnngraph.syntax.layout import arrange
from cnngraph.syntax.parse import lexed
from cnngraph.syntax.tokens import ARROW, END, NEWLINE, Token


@dataclass(frozen=True)
class Comment:
    """A comment, and how many line ends stand before it: none where it trails something."""

    text: str
    line_ends: int


@dataclass(frozen=True)
class Word:
    """One token. `line_ends` counts those since the token or comment before; `begins` where a statement ended there."""

    kind: str
    text: str
    start: int = -1
    comments: tuple[Comment, ...] = ()
    line_ends: int = 0
    begins: bool = False

    @property
    def on_new_line(self) -> bool:
        return self.line_ends > 0 or bool(self.comments)


@dataclass(frozen=True)
class Lane:
    """The lines of a body, or of one lane after its `|`."""

    bar: Word | None
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Brace:
    """`{ ... }`: one lane without a bar, or lanes with bars."""

    opener: Word
    lanes: tuple[Lane, ...]
    closer: Word

    @property
    def is_empty(self) -> bool:
        return not any(lane.lines for lane in self.lanes) and not self.closer.comments


Line: TypeAlias = tuple[Word | Brace, ...]


@dataclass(frozen=True)
class File:
    """The items of a file, and the end with the comments before it."""

    lines: tuple[Line, ...]
    end: Word


def words_of(line: Line) -> Iterator[Word]:
    """All words of a line, those inside its braces included."""
    for part in line:
        yield from inside(part, with_opener=True) if isinstance(part, Brace) else (part,)


def inside(brace: Brace, with_opener: bool = False) -> Iterator[Word]:
    """The words of a brace, with its `}` and without its `{`."""
    if with_opener:
        yield brace.opener
    for lane in brace.lanes:
        if lane.bar is not None:
            yield lane.bar
        for line in lane.lines:
            yield from words_of(line)
    yield brace.closer


def read_words(source: Source) -> list[Word]:
    """The words of a text, in order; the last one is the end of the file."""
    tokens = list(lexed(source))
    begins = _statement_starts(tokens)
    words: list[Word] = []
    comments: list[Comment] = []
    last_end = 0
    for token in tokens:
        if token.type == NEWLINE:
            continue
        line_ends = source.text.count("\n", last_end, token.start_pos)
        last_end = token.end_pos
        if token.type == "COMMENT":
            comments.append(Comment(token.value.rstrip(), line_ends))
        else:
            text, start = _spelled(token), token.start_pos
            words.append(Word(token.type, text, start, tuple(comments), line_ends, start in begins))
            comments = []
    return words


def _statement_starts(tokens: list[Token]) -> set[int]:
    kept = arrange(tokens).tokens
    pairs = pairwise(kept)
    return {following.start_pos for token, following in pairs if token.type == NEWLINE}


def _spelled(token: Token) -> str:
    if token.type == ARROW:
        return "->"
    return str(token.value).replace("×", "x") if token.type == "DIMS" else str(token.value)


def read_file(words: list[Word]) -> File:
    """The words of a file that parses, in lines and braces."""
    reader = _Reader(words)
    return File(reader.lines(), reader.take())


@dataclass
class _Reader:
    words: list[Word]
    index: int = 0

    @property
    def kind(self) -> str:
        return self.words[self.index].kind

    def take(self) -> Word:
        self.index += 1
        return self.words[self.index - 1]

    def lines(self) -> tuple[Line, ...]:
        found: list[list[Word | Brace]] = []
        while self.kind not in (END, "RBRACE", "VBAR"):
            if not found or self.words[self.index].begins:
                found.append([])
            found[-1].append(self.brace() if self.kind == "LBRACE" else self.take())
        return tuple(tuple(line) for line in found)

    def brace(self) -> Brace:
        opener = self.take()
        lanes = [Lane(None, self.lines())] if self.kind != "VBAR" else []
        while self.kind == "VBAR":
            lanes.append(Lane(self.take(), self.lines()))
        return Brace(opener, tuple(lanes), self.take())
