"""Rows and columns as text: aligned for a terminal, CSV, Markdown, JSON. Knows nothing of what the columns mean."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from cnngraph.diagnostics import error
from cnngraph.ir.size import Size

Cell: TypeAlias = "str | int | Size | Quantity | None"

FORMATS = ("text", "csv", "json", "markdown")


@dataclass(frozen=True)
class Quantity:
    """A number with a unit: people see `text(value)`, programs the value."""

    value: float
    text: Callable[[float], str]

    def __str__(self) -> str:
        return self.text(self.value)


@dataclass(frozen=True)
class Column:
    """One column: its key in CSV and JSON, its heading for people, and whether it stands to the right (numbers)."""

    key: str
    heading: str
    right: bool = True


@dataclass(frozen=True)
class Table:
    """A table that prints; `totals` stand below it by name, `title` above.

    >>> print(Table((Column("layer", "layer", False), Column("n", "n")), (("c1", 1000), ("s2", 1)), {"n": 1001}))
    layer      n
    -----  -----
    c1     1,000
    s2         1
    <BLANKLINE>
    n: 1,001
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: Mapping[str, Cell] = field(default_factory=dict)
    title: str = ""

    def to(self, format: str) -> str:
        """The table as `text`, `csv`, `json` or `markdown`; E0108 for any other format."""
        writers = {"text": self.text, "csv": self.csv, "json": self.json, "markdown": self.markdown}
        if format not in writers:
            raise error("E0108", f"a table cannot be written as `{format}`", f"formats: {', '.join(FORMATS)}")
        return writers[format]()

    def text(self) -> str:
        """Aligned columns, thousands separated."""
        cells = [[column.heading for column in self.columns], *self.texts()]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        head, *body = [self._aligned(row, widths) for row in cells]
        rule = "  ".join("-" * width for width in widths)
        above = [self.title, ""] if self.title else []
        below = ["", *(f"{name}: {shown(value)}" for name, value in self.totals.items())] if self.totals else []
        return "\n".join([*above, head, rule, *body, *below])

    def texts(self) -> list[list[str]]:
        """The cells of each row as people read them."""
        return [[shown(cell) for cell in row] for row in self.rows]

    def csv(self) -> str:
        """One line for each row, keys first, plain numbers; totals are left out: a program adds them up itself."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column.key for column in self.columns])
        writer.writerows([plain(cell) for cell in row] for row in self.rows)
        return out.getvalue()

    def json(self) -> str:
        """An object with `rows` (a list of objects) and `totals`; sizes with symbols are strings."""
        rows = [{c.key: plain(v) for c, v in zip(self.columns, row, strict=True)} for row in self.rows]
        head = {"title": self.title} if self.title else {}
        totals = {name.replace(" ", "_").replace("-", "_"): plain(value) for name, value in self.totals.items()}
        return json.dumps({**head, "rows": rows, "totals": totals}, indent=2, ensure_ascii=False)

    def markdown(self) -> str:
        """A table for a README, totals as a list below."""
        lines = [[column.heading for column in self.columns]]
        lines += [["---:" if column.right else "---" for column in self.columns]]
        lines += [[shown(cell).replace("|", "\\|") for cell in row] for row in self.rows]
        above = [f"**{self.title}**", ""] if self.title else []
        below = ["", *(f"- {name}: {shown(value)}" for name, value in self.totals.items())] if self.totals else []
        return "\n".join([*above, *(f"| {' | '.join(line)} |" for line in lines), *below])

    def _aligned(self, row: Sequence[str], widths: Sequence[int]) -> str:
        cells = zip(row, widths, self.columns, strict=True)
        return "  ".join(text.rjust(n) if c.right else text.ljust(n) for text, n, c in cells).rstrip()

    def __str__(self) -> str:
        return self.text()


def shown(cell: Cell) -> str:
    """A cell for people: thousands separated, nothing as a dash."""
    if cell is None:
        return "-"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def plain(cell: Cell) -> str | float | None:
    """A cell for programs."""
    if isinstance(cell, Quantity):
        return cell.value
    return str(cell) if isinstance(cell, Size) else cell
