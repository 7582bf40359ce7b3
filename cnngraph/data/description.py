"""Data as tables: its columns with their numbers, its classes with their counts."""

from __future__ import annotations

from math import inf, prod, sqrt

import numpy as np

from cnngraph.data.dataset import IMAGE, LABEL, Column, Dataset, measured
from cnngraph.render import tabular
from cnngraph.render.tabular import Cell, Quantity, Table

AT_ONCE = 2**22  # so many numbers are added at once
CLASSES = 100  # that are listed


def columns_table(data: Dataset) -> Table:
    """For each column: the shape of a sample, how it is kept, and its numbers in the training part (of pictures that
    are read when needed, in 5,000 of them); pictures of bytes are told as numbers from 0 to 1. Below: how many samples
    each part has, and what a network sees of the pictures.
    """
    kinds = (("column", False), ("sample", False), ("numbers", False), ("lowest", True), ("highest", True),
             ("mean", True), ("deviation", True))  # fmt: skip
    heads = tuple(tabular.Column(name, name, right) for name, right in kinds)
    rows = tuple(_row(name, column) for name, column in data.train.columns.items())
    return Table(heads, rows, {**{name: len(part) for name, part in data.parts.items()}, **_seen(data)})


def classes_table(data: Dataset) -> Table | None:
    """How many samples of each class each part has; None where there are no classes."""
    if LABEL not in data.train.columns or not data.class_names:
        return None
    counts = {name: np.bincount(part.labels, minlength=len(data.class_names)) for name, part in data.parts.items()}
    heads = (tabular.Column("class", "class", False), *(tabular.Column(name, name) for name in counts))
    rows: list[tuple[Cell, ...]] = [
        (name, *(int(numbers[i]) for numbers in counts.values())) for i, name in enumerate(data.class_names[:CLASSES])
    ]
    hidden = len(data.class_names) - CLASSES
    return Table(heads, tuple(rows), {"further classes": hidden} if hidden > 0 else {})


def _row(name: str, column: Column) -> tuple[Cell, ...]:
    unit = 255.0 if name == IMAGE and column.dtype == np.uint8 else 1.0
    shown = (Quantity(figure / unit, "{:.4g}".format) for figure in _figures(column))
    return name, "x".join(map(str, column.shape[1:])) or "1", str(column.dtype), *shown


def _figures(column: Column) -> tuple[float, float, float, float]:
    """Lowest, highest, mean and deviation."""
    chosen = measured(column)
    step = max(1, AT_ONCE // prod(column.shape[1:]))
    lowest, highest, total, squares = inf, -inf, 0.0, 0.0
    for start in range(0, len(chosen), step):
        values = column[chosen[start : start + step]].astype(np.float64)
        lowest, highest = min(lowest, float(values.min())), max(highest, float(values.max()))
        total, squares = total + float(values.sum()), squares + float(np.square(values, out=values).sum())
    count = len(chosen) * prod(column.shape[1:])
    mean = total / count
    return lowest, highest, mean, sqrt(max(squares / count - mean**2, 0))


def _seen(data: Dataset) -> dict[str, Cell]:
    """What is done to pictures."""
    how = data.preprocessing
    if how is None or IMAGE not in data.train.columns:
        return {}
    height, width, channels = how.shape
    mean, std = (", ".join(f"{value:.4f}" for value in values) for values in (how.mean, how.std))
    return {"network sees": f"{channels}@{height}x{width}", "mean taken away": mean, "divided by": std}
