"""A difference as a table: one row for each part that differs, and the figures of both networks below."""

from __future__ import annotations

from collections.abc import Mapping

from cnngraph.compare.difference import Change, Difference
from cnngraph.ir.size import Dim, number_text
from cnngraph.render.tabular import Cell, Column, Table

SIGNS: Mapping[str, str] = {"removed": "-", "added": "+", "changed": "~", "moved": ">", "renamed": "="}
CHANGES = (
    Column("kind", "", right=False),
    Column("layer", "layer", right=False),
    Column("change", "change", right=False),
    Column("shape", "shape"),
    Column("parameters", "parameters"),
)
FIGURES = (Column("figure", "figure", right=False), Column("a", "a"), Column("b", "b"), Column("difference", "b - a"))


def changes_table(found: Difference) -> Table:
    """What differs, in the order of the second network: `-` only in a, `+` only in b, `~` changed,
    `>` moved, `=` renamed."""
    rows = tuple(_row(change) for change in found.changes)
    if not rows and not found.same:
        rows = (("~", "all", "the order of the layers", None, None),)
    return Table(CHANGES, rows, title=f"a: {found.a.name}, b: {found.b.name}")


def figures_table(found: Difference) -> Table:
    """The figures of both networks, for one sample."""
    return Table(FIGURES, tuple((name, old, new, signed(new - old)) for name, (old, new) in found.totals.items()))


def _row(change: Change) -> tuple[Cell, ...]:
    old, new = change.parameters
    return (
        SIGNS[change.kind],
        change.path,
        ", ".join(change.what),
        shapes_text(*change.shapes),
        signed(new - old) if new != old else None,
    )


def shapes_text(old: str | None, new: str | None) -> str | None:
    """`64@56x56`, or `64@56x56 -> 96@56x56` where it has changed."""
    if old is None or new is None or old == new:
        return new if old is None else old
    return f"{old} -> {new}"


def signed(count: Dim) -> str:
    """A difference with its sign.

    >>> signed(1208), signed(-5), signed(0)
    ('+1,208', '-5', '0')
    """
    text = number_text(count)
    return text if text.startswith("-") or count == 0 else f"+{text}"
