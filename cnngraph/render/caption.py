"""The words in a picture: operators, blocks and shapes as short text, and the same as cells of an HTML-like label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from itertools import groupby
from typing import Literal, NamedTuple

import graphviz

from cnngraph.cost.quantity import bytes_text
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input
from cnngraph.ir.size import Dim
from cnngraph.ir.types import BATCH, TensorType
from cnngraph.ops.gradient import Gradient
from cnngraph.render.style import WHITE, Style, operands

LONGEST = 48
NAMED_PADS = ("pad=same", "pad=full", "pad=valid")
LONG_NUMBER = re.compile(r"-?\d+\.\d+(e[+-]?\d+)?")
SIGNS = {"add": "+", "mul": "×"}


def operator_text(node: Node) -> str:
    """An operator as a row of a paper's table: `conv 64, 7x7/2, same`; what is left away is left to the tooltip."""
    if isinstance(node.op, Input):
        return f"{node.name} {shape_text(node.type)}"
    if isinstance(node.op, Gradient):
        return f"gradient by {', '.join(node.op.wanted)}"
    head, _, arguments = str(node.op).partition("(")
    kept = [a.removeprefix("pad=") if a in NAMED_PADS else a for a in _split(arguments.removesuffix(")"))]
    words = [LONG_NUMBER.sub(_six_digits, a.removesuffix("=true")) for a in kept if not a.endswith("=false")]
    return shortened(f"{head} {', '.join(words)}".strip())


def _six_digits(number: re.Match[str]) -> str:
    """A fraction as people read it: `22.6274` for `22.627416997969522`, `-1` for `-1.0`."""
    return f"{float(number[0]):.6g}"


def merge_text(node: Node) -> str:
    """A merge as a sign where there is one: `+`, else its name."""
    return SIGNS.get(node.op.name, node.op.name)


def full_text(graph: Graph, node: Node) -> str:
    """One line for a tooltip: path, printed operator, shapes in and out."""
    before = ", ".join(shape_text(t) for t in graph.input_types(node)[: len(operands(node))])
    return without_backslash(f"{node.name} = {node.op}: {before} -> {', '.join(map(shape_text, node.types))}")


def shape_text(type_: TensorType) -> str:
    """A shape in the notation of the language, whether or not the batch is bound to a number.

    >>> shape_text(TensorType.of(96, (55, 55)).bind(batch=8))
    '96@55x55'
    """
    is_bound = not type_.batched and (len(type_.shape) > 1 or type_.vocabulary is not None)
    return str(replace(type_, shape=(BATCH, *type_.shape[1:])) if is_bound else type_)


def size_text(count: Dim) -> str:
    """A number of bytes with its unit; a polynomial as it prints."""
    return bytes_text(count) if isinstance(count, int) else f"{count} B"


def shortened(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


class Row(NamedTuple):
    """One row of a box."""

    text: str
    fill: str
    bold: bool = False


def cells(rows: Sequence[Row], style: Style, align: Literal["CENTER", "LEFT"] = "CENTER") -> str:
    """An HTML-like label of rows under each other; those of one fill stand close together, in one cell."""
    groups = groupby(rows, lambda row: row.fill)
    return _table("".join(_cell(fill, list(same), style, align) for fill, same in groups), style)


def _cell(fill: str, rows: Sequence[Row], style: Style, align: str) -> str:
    end = f'<BR ALIGN="{align}"/>'
    words = end.join(_words(row.text, row.bold or style.bold) for row in rows)
    return f'<TR><TD BGCOLOR="{style.fill(fill)}">{words}{end if align == "LEFT" else ""}</TD></TR>'


def _table(inner: str, style: Style) -> str:
    look = f'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{style.padding}"'
    return f"<<TABLE {look}>{inner}</TABLE>>"


def swatches(title: str, named: Sequence[tuple[str, str]], columns: int, style: Style) -> str:
    """A title as an HTML-like label, with rows of names on their colours below it."""
    told = [_swatch(name, fill, style) for name, fill in named]
    rows = "".join(f"<TR>{''.join(told[i : i + columns])}</TR>" for i in range(0, len(told), columns))
    head = f'<TR><TD COLSPAN="{min(columns, len(told))}">{_words(title, style.bold)}</TD></TR>'
    look = f'BORDER="0" CELLBORDER="0" CELLSPACING="1" CELLPADDING="{style.padding}"'
    return f"<<TABLE {look}>{head}{rows}</TABLE>>"


def _swatch(name: str, fill: str, style: Style) -> str:
    return f'<TD BGCOLOR="{style.fill(fill)}"><FONT POINT-SIZE="{style.small:g}">{name}</FONT></TD>'


def words_label(text: str, style: Style) -> str:
    """A label without a table; an HTML-like one where a style wants it bold."""
    if not style.bold:
        return str(graphviz.escape(text))
    return f"<{'<BR/>'.join(_words(line, True) for line in text.splitlines())}>"


def left_lines(lines: Sequence[str], style: Style) -> str:
    """Lines of small words under each other, the first one bold, all to the left."""
    words = "".join(f'<TR><TD ALIGN="LEFT">{_words(line, not i)}</TD></TR>' for i, line in enumerate(lines))
    table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{words}</TABLE>'
    return f'<<FONT POINT-SIZE="{style.small:g}">{table}</FONT>>'


class Line(NamedTuple):
    """One row of a grid. A single cell goes over all columns, in the middle; else numbers stand to the right."""

    cells: tuple[str, ...]
    fill: str = WHITE
    bold: bool = False
    size: Literal["title", "text", "small"] = "text"


def grid(lines: Sequence[Line], style: Style) -> str:
    """An HTML-like label of rows and columns."""
    width = max(len(line.cells) for line in lines)
    return _table("".join(f"<TR>{_line(line, width, style)}</TR>" for line in lines), style)


def _line(line: Line, width: int, style: Style) -> str:
    look = f'BGCOLOR="{style.fill(line.fill)}"'
    if len(line.cells) == 1:
        return f'<TD COLSPAN="{width}" {look}>{_sized(line.cells[0], line, style)}</TD>'
    sides = ("LEFT", *("RIGHT",) * (len(line.cells) - 1))
    pairs = zip(line.cells, sides, strict=True)
    return "".join(f'<TD ALIGN="{side}" {look}>{_sized(cell, line, style)}</TD>' for cell, side in pairs)


def _sized(text: str, line: Line, style: Style) -> str:
    return f'<FONT POINT-SIZE="{getattr(style, line.size):g}">{_words(text, line.bold)}</FONT>'


def frame_title(text: str, bold: bool, left: int = 0, right: int = 0) -> str:
    """A title with free room on both sides of it, in points."""
    before, behind = (f'<TD WIDTH="{width}"></TD>' if width else "" for width in (left, right))
    return (
        '<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'
        f"<TR>{before}<TD>{_words(text, bold)}</TD>{behind}</TR></TABLE>>"
    )


def _words(text: str, bold: bool) -> str:
    words = escape(without_backslash(text))
    return f"<B>{words}</B>" if bold else words


def without_backslash(text: str) -> str:
    """A look-alike instead of each backslash: in HTML-like labels and tooltips Graphviz replaces `\\N` by a name."""
    return text.replace("\\", "∖")


def _split(arguments: str) -> list[str]:
    """Arguments at the commas that stand outside brackets."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(arguments):
        depth += (c in "([") - (c in ")]")
        if c == "," and not depth:
            parts.append(arguments[start:i].strip())
            start = i + 1
    return [part for part in [*parts, arguments[start:].strip()] if part]
