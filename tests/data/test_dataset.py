"""Columns of a data set: one length, rows made when asked for."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from cnngraph.data.dataset import Dataset, Part, dataset, framed, labelled
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


@pytest.mark.parametrize("size", [(5, 6), (3, 2), (8, 9), (3, 9), (4, 5)])
def test_a_frame_keeps_the_centre(size):
    images = np.arange(1, 61, dtype=np.uint8).reshape(2, 5, 6, 1)
    found = framed(images, *size)
    assert found.shape == (2, *size, 1)
    assert np.array_equal(framed(framed(images, 9, 10), 5, 6), images)
    inner = [slice(max(0, (a - b) // 2), max(0, (a - b) // 2) + min(a, b)) for a, b in zip((5, 6), size, strict=True)]
    assert set(images[:, inner[0], inner[1]].ravel()) == set(found.ravel()) - {0}


def test_a_part_to_choose_by_has_the_columns_of_the_others():
    part = labelled(np.zeros((3, 2, 2, 1), np.uint8), np.zeros(3, np.int64))
    data = dataset(part, part, ("only",), pad=1, validation=part.first(2))
    assert list(data.parts) == ["train", "validation", "test"]
    assert data.parts["validation"].images.shape == (2, 4, 4, 1)
    with pytest.raises(CnnGraphError, match="all parts"):
        Dataset(part, part, validation=Part({"left": np.zeros(3)}))


def test_a_large_data_set_takes_little_more_than_its_bytes():
    images = np.zeros((20_000, 28, 28, 1), np.uint8)
    part = labelled(images, np.zeros(20_000, np.int64))
    tracemalloc.start()
    data = dataset(part, part.first(10), ("only",), pad=2)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert data.train.images.nbytes <= kept < 1.1 * data.train.images.nbytes
    assert peak < kept + 60_000_000
