"""The one style of `.cnn` files. There are no options.

    net tower(image: 3@HxW, classes = 10) where H % 4 == 0 {
      conv1: conv(64, 7x7/2, same) -> relu  [64@HxW/2]  # two spaces a level; the shapes of a body in one column
      concat {                                          # a brace that was broken somewhere is broken everywhere:
        | conv(32, 1x1)                                 # one line for each lane and each line
        | conv(48, 1x1) -> conv(64, 3x3, same)
      }
      residual { conv(96, 3x3, same) }  # what stands on one line stays there, if it fits
      globalavgpool                     # a line that is too long goes on below, before an arrow
        -> dense(classes) -> softmax    # and such a break of the author stays
    }

Kept as written: comments, blank lines (one at most), line breaks before arrows, the spelling of numbers. A bracket
that is broken right after it opens has one member a line. Else the spaces, the breaks and the columns are ours:
`format_spaces` and `format_columns` say which. `×` and `→` become `x` and `->`; the file ends with one line end.

It works on words, not on the tree, for the tree has no comments: see `format_words`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from cnngraph.diagnostics import Source
from cnngraph.syntax.format_breaks import STEP, WIDTH, pieces, wrapped
from cnngraph.syntax.format_columns import Row, printed, with_columns
from cnngraph.syntax.format_spaces import Spaces, spaces_of
from cnngraph.syntax.format_words import Brace, Line, Word, inside, read_file, read_words
from cnngraph.syntax.parse import parse

MODULE = -1
SEMICOLON = Word("SEMICOLON", ";")


def formatted(text: str, name: str) -> str:
    """The text in the one style. Raises `CnnGraphError` where it does not parse.

    >>> print(formatted("block a(n){conv(n,3x3/2)→relu [ 8@4x4 ]\\nb:dense(4 * n)  [n]}", "a.cnn"), end="")
    block a(n) {
      conv(n, 3x3/2) -> relu  [8@4x4]
      b: dense(4*n)           [n]
    }
    """
    module = parse(text, name)
    words = read_words(Source.of(name, text))
    file = read_file(words)
    printer = _Printer(spaces_of(module, words))
    for line in file.lines:
        printer.line(line, 0, MODULE)
    printer.lead(file.end, 0)
    return printed(printer.rows)


@dataclass
class _Printer:
    spaces: Spaces
    rows: list[Row] = field(default_factory=list)
    bodies: count[int] = field(default_factory=count)
    opened: int = 0  # so many rows stood there when the innermost body began

    def line(self, line: Line, indent: int, body: int, bar: Word | None = None) -> None:
        """Print a line of a body, or of a lane: the first line of a lane begins further left, with the bar."""
        first = bar or _first(line)
        self.lead(first, indent - len("| ") * bool(bar))
        blank_above = first.line_ends > 1 and len(self.rows) > self.opened
        if bar is not None and _first(line).comments:
            self.rows.append(Row(indent - len("| "), bar.text, blank_above=blank_above))
            self.lead(_first(line), indent)
            bar, blank_above = None, False
        start = len(self.rows)
        self._pieces(line, indent, body)
        row = replace(self.rows[start], blank_above=blank_above)
        self.rows[start] = replace(row, indent=row.indent - len("| "), text=f"| {row.text}") if bar else row

    def lead(self, word: Word, indent: int) -> None:
        """Print the comments before a word, the first of them on the last row if it trails that."""
        for comment in word.comments:
            if comment.line_ends == 0 and self.rows:
                self.rows[-1] = replace(self.rows[-1], comment=comment.text)
            else:
                blank_above = comment.line_ends > 1 and len(self.rows) > self.opened
                self.rows.append(Row(indent, comment.text, blank_above=blank_above))

    def _pieces(self, line: Line, base: int, body: int) -> None:
        last_indent = base
        for index, piece in enumerate(pieces(self._parts(line, base), self.spaces.shapes)):
            closes = piece.words[0].kind == "RBRACE"
            indent = last_indent if closes else base + piece.indent
            if index > 0 and not closes:
                self.lead(_within(piece.words[0]), indent)
            for last_indent, words in wrapped(piece.words, indent, base + piece.arrow_indent, self._width):
                self.rows.append(self._row(last_indent, words, body))
            if piece.brace is not None:
                self._brace(piece.brace, last_indent + STEP, _opens_section(line))

    def _parts(self, line: Line, base: int) -> Sequence[Word | Brace]:
        """The line with its braces, if these are to be broken; else with their words."""
        braces = [part for part in line if isinstance(part, Brace)]
        flat = list(self._flat(line))
        if any(word.on_new_line for brace in braces for word in inside(brace) if not brace.is_empty):
            return line
        too_wide = (
            base + piece.indent + self._width(piece.words) > WIDTH
            for piece in pieces(flat, self.spaces.shapes)
            if any(word.kind == "LBRACE" for word in piece.words)
        )
        return line if any(too_wide) else flat

    def _flat(self, line: Line) -> Iterator[Word]:
        for part in line:
            if isinstance(part, Word):
                yield part
                continue
            yield part.opener
            for lane in part.lanes:
                yield from [lane.bar] if lane.bar is not None else []
                for index, inner in enumerate(lane.lines):
                    yield from [SEMICOLON] if index else []
                    yield from self._flat(inner)
            yield part.closer

    def _brace(self, brace: Brace, indent: int, is_section: bool) -> None:
        self.opened = len(self.rows)
        body = next(self.bodies)
        for lane in brace.lanes:
            bar, inner = lane.bar, indent if lane.bar is None else indent + len("| ")
            for line in with_columns(lane.lines, is_section):
                self.line(line, inner, body, bar)
                bar = None
        self.lead(brace.closer, indent)

    def _width(self, words: Sequence[Word]) -> int:
        return len(self.spaces.joined(words))

    def _row(self, indent: int, words: Sequence[Word], body: int) -> Row:
        tail = self._tail(words) if body != MODULE else len(words)
        return Row(indent, self.spaces.joined(words[:tail]), self.spaces.joined(words[tail:]), body=body)

    def _tail(self, words: Sequence[Word]) -> int:
        """Where the `[shape]` begins with which a row ends, or which only a device follows."""
        end = words[-3] if len(words) > 3 and words[-2].kind == "ON" else words[-1]
        starts = (i for i, word in enumerate(words) if self.spaces.shapes.get(word.start) == end.start)
        return next(starts, len(words))


def _opens_section(line: Line) -> bool:
    """Whether this is a section, at the top or in another one: `name {` or `name name {`."""
    head = [part.kind if isinstance(part, Word) else "{" for part in line[:3]]
    return head[:2] == ["NAME", "{"] or head == ["NAME", "NAME", "{"]


def _first(line: Line) -> Word:
    return line[0].opener if isinstance(line[0], Brace) else line[0]


def _within(word: Word) -> Word:
    """The word as it stands within a line, where no blank lines are kept."""
    return replace(word, comments=tuple(replace(c, line_ends=min(c.line_ends, 1)) for c in word.comments))
