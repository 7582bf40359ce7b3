"""Tables as text, separated by commas or tabs: columns of cells by the names of the first line."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.ir.op import Array

MAX_BYTES = 200_000_000
TOLD = 5  # lines that are wrong
SHOWN = 40  # letters of a cell that is wrong


def read_table(path: Path) -> dict[str, list[str]]:
    """The cells of each column, by name. Raises E0701 where the file is missing, too large or no table."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise error("E0701", f"{path}: the table has more than {MAX_BYTES:,} bytes")
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [(n, line) for n, line in enumerate(csv.reader(file, delimiter=_separator(path)), 1) if line]
    except FileNotFoundError as problem:
        raise error("E0701", f"{path}: there is no such table") from problem
    except (OSError, ValueError, csv.Error) as problem:
        raise error("E0701", f"{path}: the table cannot be read: {problem}") from problem
    if len(lines) < 2:
        raise error("E0701", f"{path}: a table has a line of names, and lines below it")
    (_, names), *rows = lines
    names = [name.strip() for name in names]
    if len(set(names)) < len(names) or "" in names:
        raise error("E0701", f"{path}: each column has a name of its own, not {', '.join(names)}")
    if len(names) == 1 and (other := next((sign for sign in ";\t" if sign in names[0]), "")):
        told = f"{path}: the line of names has no {_separator(path)!r}, but {other!r}"
        raise error("E0701", told, "columns are separated by commas, in a file that ends in .tsv by tabs")
    wrong = [str(number) for number, row in rows if len(row) != len(names)]
    if wrong:
        told = ", ".join(wrong[:TOLD]) + (" and more" if len(wrong) > TOLD else "")
        raise error("E0701", f"{path}: the first line names {len(names)} columns; not so many are in line {told}")
    return {name: [row[place].strip() for _, row in rows] for place, name in enumerate(names)}


def columns_of(cells: Mapping[str, Sequence[str]], label: str = "") -> dict[str, Array]:
    """The columns as arrays: whole numbers (N,), other numbers (N, 1), texts (N,). Columns `box.0`, `box.1`, ... are
    one column `box` (N, 2) of numbers. Raises E0701 where one of these is missing or holds a text, and where a column
    other than `label` holds both numbers and texts: a number is lacking, or mistyped.

    >>> found = columns_of({"age": ["31", "7"], "box.0": ["0", "1"], "box.1": ["2.5", "3"]})
    >>> {name: column.tolist() for name, column in found.items()}
    {'age': [31, 7], 'box': [[0.0, 2.5], [1.0, 3.0]]}
    """
    groups: dict[str, list[str]] = {}
    for name in cells:
        stem, _, place = name.rpartition(".")
        groups.setdefault(stem if stem and place.isdecimal() else name, []).append(name)
    for name in cells:
        if name != label:
            _require_one_kind(name, cells[name])
    return {stem: _joined(stem, names, cells) for stem, names in groups.items()}


def _require_one_kind(name: str, cells: Sequence[str]) -> None:
    texts = [cell for cell in cells if not _is_number(cell)]
    if 0 < len(texts) < len(cells):
        raise error("E0701", f"the column {name} holds numbers, but also {texts[0][:SHOWN]!r}")


def _is_number(cell: str) -> bool:
    try:
        return isfinite(float(cell))
    except ValueError:
        return False


def _joined(stem: str, names: Sequence[str], cells: Mapping[str, Sequence[str]]) -> Array:
    if list(names) == [stem]:
        values = _values(cells[stem])
        return values[:, None] if values.dtype.kind == "f" else values
    ordered = [f"{stem}.{place}" for place in range(len(names))]
    if missing := [name for name in ordered if name not in cells]:
        raise error("E0701", f"the columns {', '.join(names)} lack {missing[0]}")
    found = [_values(cells[name]) for name in ordered]
    if texts := [name for name, values in zip(ordered, found, strict=True) if values.dtype.kind == "U"]:
        raise error("E0701", f"the column {texts[0]} of {stem} holds texts")
    return np.stack(found, axis=1).astype(np.float64)


def _values(cells: Sequence[str]) -> Array:
    """Whole numbers where all are, else numbers where all are, else texts."""
    try:
        return np.array([int(cell) for cell in cells], np.int64)
    except (ValueError, OverflowError):
        return np.array([float(cell) for cell in cells]) if all(map(_is_number, cells)) else np.array(cells)


def _separator(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","
