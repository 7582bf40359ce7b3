"""Objects of JSON as rows: each figure is looked at, since the files of a run come from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from math import inf
from typing import Any, TypeVar

LARGEST = 1e18  # of a figure; what is no number at all (nan) is one that a run may have

R = TypeVar("R")


def row_of(cls: type[R], row: Mapping[str, Any], endless: bool = False) -> R:
    """The dataclass `cls` with the values of `row`; what a later version adds is not read. `endless` floats are read
    where that is said. Raises ValueError where a value is not of the field's type, TypeError where one is missing.

    >>> from cnngraph.train.log import TestRow
    >>> row_of(TestRow, {"loss": 0.5, "metrics": {"accuracy": 1}, "later": 3})
    TestRow(loss=0.5, accuracy=None, metrics={'accuracy': 1})
    """
    known = [f for f in fields(cls) if f.name in row]  # type: ignore[arg-type]
    for each in known:
        if not _fits(row[each.name], str(each.type), inf if endless else LARGEST):
            raise ValueError(f"`{each.name}` is {row[each.name]!r:.60}")
    return cls(**{f.name: row[f.name] for f in known})


def _fits(value: object, type_: str, largest: float) -> bool:
    """Whether a value of JSON is what a field holds, by the words of its type."""
    if type_.startswith("Mapping"):
        return isinstance(value, dict) and all(_fits(each, "float", largest) for each in value.values())
    if type_ in ("str", "bool"):
        return isinstance(value, {"str": str, "bool": bool}[type_])
    if value is None:
        return type_.endswith("None")
    kinds = (int, float) if type_.startswith("float") else (int,)
    highest = largest if isinstance(value, float) else LARGEST
    return isinstance(value, kinds) and not isinstance(value, bool) and not abs(value) > highest
