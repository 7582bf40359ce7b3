"""Columns of a data set: one length, rows made when asked for."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.data.dataset import Dataset, Part, dataset, labelled
from cnngraph.diagnostics import CnnGraphError


class Squares:
    """A column that makes its rows and counts them."""

    dtype = np.dtype(np.uint8)
    shape = (9, 2, 2, 1)

    def __init__(self):
        self.made = 0

    def __len__(self):
        return 9

    def __getitem__(self, indices):
        self.made += len(indices)
        return np.broadcast_to((indices**2).astype(np.uint8)[:, None, None, None], (len(indices), 2, 2, 1))


def test_a_lazy_column_is_chosen_from_without_being_made():
    column = Squares()
    part = labelled(column, np.arange(9) % 3).chosen(np.array([5, 2, 7])).first(2)
    assert column.made == 0
    assert part.labels.tolist() == [2, 2]
    assert part.images[np.array([1, 0])].ravel().tolist() == [4] * 4 + [25] * 4
    assert (part.images.shape, len(part.images), column.made) == ((2, 2, 2, 1), 2, 2)


def test_mean_and_deviation_are_those_of_arrays():
    lazy, whole = (labelled(images, np.zeros(9, np.int64)) for images in (Squares(), Squares()[np.arange(9)]))
    found = [dataset(part, part, ("only",), pad=1).preprocessing for part in (lazy, whole)]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"text": np.zeros((0, 4))},
        {"text": np.zeros((3, 4)), "label": np.zeros(2, np.int64)},
        {"image": np.zeros((3, 4, 4))},
        {"label": np.zeros((3, 4), np.int64)},
    ],
)
def test_columns_that_do_not_fit_together_are_refused(columns):
    with pytest.raises(CnnGraphError, match="E0701"):
        Part(columns)


def test_both_parts_have_the_same_columns():
    with pytest.raises(CnnGraphError, match="E0701"):
        Dataset(Part({"left": np.zeros(3)}), Part({"right": np.zeros(3)}))
