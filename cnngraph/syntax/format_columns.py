"""Columns: what is put one below the other in the rows that the formatter has made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from cnngraph.syntax.format_breaks import WIDTH
from cnngraph.syntax.format_words import Brace, Line, Word
from cnngraph.syntax.tokens import ATOMS

GAP = 2
FAR = 72
SHORTEST_TABLE = 4


@dataclass(frozen=True)
class Row:
    """One line of the output. `tail` is the `[shape]` at its end, and `body` says whose column that belongs to."""

    indent: int
    text: str
    tail: str = ""
    comment: str = ""
    body: int = -1
    blank_above: bool = False

    @property
    def width(self) -> int:
        return self.indent + len(self.text)


def printed(rows: Sequence[Row]) -> str:
    """The rows as text, with the shapes of each body and the comments of neighbouring rows in columns."""
    lines: list[str] = []
    for row in _with_comments(_with_shapes(rows)):
        lines += [""] if row.blank_above and lines else []
        lines.append(f"{' ' * row.indent}{row.text}".rstrip())
    return "".join(f"{line}\n" for line in lines)


def _with_shapes(rows: Sequence[Row]) -> list[Row]:
    bodies: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if row.tail:
            bodies[row.body].append(row)
    columns = {body: _column(members) for body, members in bodies.items()}
    return [_with_tail(row, columns[row.body]) if row.tail else row for row in rows]


def _column(rows: Sequence[Row]) -> int:
    """Right of the widest row; a row that is very wide is not asked, nor one that would push a shape off the page."""
    longest_tail = max(len(row.tail) for row in rows)
    asked = [row.width for row in rows if row.width <= min(FAR, WIDTH - GAP - longest_tail)]
    return max(asked, default=0) + GAP


def _with_tail(row: Row, column: int) -> Row:
    gap = column - row.width
    if gap < GAP:
        gap = GAP if row.width + GAP + len(row.tail) <= WIDTH else 1
    return replace(row, text=row.text + " " * gap + row.tail, tail="")


def _with_comments(rows: Sequence[Row]) -> Iterator[Row]:
    for _, run in groupby(rows, key=lambda row: bool(row.comment)):
        members = list(run)
        column = max(row.width for row in members) + GAP
        for row in members:
            gap = " " * (column - row.width)
            yield replace(row, text=row.text + gap + row.comment, comment="") if row.comment else row


def with_columns(lines: Sequence[Line], is_section: bool) -> tuple[Line, ...]:
    """The lines of a body, or the entries of a section, with their words padded where they make a table."""
    return _keys(lines) if is_section else _tables(lines)


def _keys(lines: Sequence[Line]) -> tuple[Line, ...]:
    """`loss:  ...` under `optimizer: ...`: the values of a section begin in one column."""
    keys = [line[0] if _has_key(line) else None for line in lines]
    width = max((len(key.text) for key in keys if isinstance(key, Word)), default=0)
    return tuple(
        _with_texts(line, {1: f":{' ' * (width - len(key.text))}"}) if isinstance(key, Word) else line
        for line, key in zip(lines, keys, strict=True)
    )


def _has_key(line: Line) -> bool:
    return len(line) > 1 and isinstance(line[1], Word) and line[1].kind == "COLON"


def _tables(lines: Sequence[Line]) -> tuple[Line, ...]:
    """`inception( 64,  96, ...)` under `inception(128, 128, ...)`: rows with the same long list of single words."""
    tables: dict[tuple[str, int], list[tuple[int, ...]]] = defaultdict(list)
    places = [_arguments(line) for line in lines]
    for line, found in zip(lines, places, strict=True):
        if found:
            tables[_text(line, found[0] - 2), len(found)].append(tuple(len(_text(line, i)) for i in found))
    widths = {key: [max(column) for column in zip(*rows, strict=True)] for key, rows in tables.items()}
    return tuple(
        _padded(line, found, widths[_text(line, found[0] - 2), len(found)]) if found else line
        for line, found in zip(lines, places, strict=True)
    )


def _padded(line: Line, places: Sequence[int], widths: Sequence[int]) -> Line:
    return _with_texts(line, {i: _text(line, i).rjust(width) for i, width in zip(places, widths, strict=True)})


def _arguments(line: Line) -> list[int]:
    """Where the arguments of the call at the head of a line stand, if they are many and each is one word."""
    start = 2 if _has_key(line) else 0
    kinds = [part.kind if isinstance(part, Word) else "" for part in line]
    if kinds[start : start + 2] != ["NAME", "LPAR"] or "RPAR" not in kinds:
        return []
    end = kinds.index("RPAR")
    found = list(range(start + 2, end, 2))
    is_list = all(kinds[i] in ATOMS for i in found) and all(kinds[i + 1] == "COMMA" for i in found[:-1])
    is_plain = is_list and end % 2 == (start + 3) % 2 and not any(_breaks(line[i]) for i in range(1, end + 1))
    return found if is_plain and len(found) >= SHORTEST_TABLE else []


def _breaks(part: Word | Brace) -> bool:
    return isinstance(part, Brace) or bool(part.comments)


def _text(line: Line, index: int) -> str:
    part = line[index]
    return part.text if isinstance(part, Word) else ""


def _with_texts(line: Line, texts: Mapping[int, str]) -> Line:
    """The line with other texts for some of its words."""
    return tuple(
        replace(part, text=texts[i]) if i in texts and isinstance(part, Word) else part for i, part in enumerate(line)
    )
