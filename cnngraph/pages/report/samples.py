"""How a sample of the test part is shown: as a picture, or as the numbers of its words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from cnngraph.data.dataset import IMAGE, Column
from cnngraph.examine.evaluation import in_bytes
from cnngraph.examine.picture import visible
from cnngraph.examine.shown import flat
from cnngraph.pages.markup import Markup, element
from cnngraph.pages.report.parts import small
from cnngraph.pages.report.subject import Trial
from cnngraph.train.feeds import feeder

WORDS = 40  # of a text

Look: TypeAlias = Callable[[int, str], Markup]
"""The sample with a number as an element; the text is for who does not see it."""


def look_of(trial: Trial) -> Look | None:
    """How samples are shown by the first input that can be: pictures, grids and sequences of numbers, texts."""
    columns = feeder(trial.net.training, trial.data).columns
    for node in trial.net.graph.inputs:
        column = trial.data.test.columns.get(columns.get(node.name, ""))
        if column is None:
            continue
        if columns[node.name] == IMAGE:
            return lambda row, told, column=column: small(in_bytes(_row(column, row)), told)  # type: ignore[misc]
        if node.type.vocabulary is not None:
            return lambda row, told, column=column: _words(_row(column, row))  # type: ignore[misc]
        if node.type.positions:
            return lambda row, told, column=column: small(visible(flat(_row(column, row)), None), told)  # type: ignore[misc]
    return None


def _row(column: Column, row: int) -> np.ndarray:
    return np.asarray(column[np.array([row])][0])


def _words(ids: np.ndarray) -> Markup:
    """The numbers of tokens: data sets have no words for them."""
    flat = ids.reshape(-1)
    return element("span", " ".join(map(str, flat[:WORDS])) + (" …" if len(flat) > WORDS else ""), class_="words")
