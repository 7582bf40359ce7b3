"""Data as tables."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cnngraph.data.dataset import Dataset, Part, Rows, dataset, labelled
from cnngraph.data.description import classes_table, columns_table

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 7, 9, 3), np.uint8)
LABELS = np.arange(30) % 3


@pytest.mark.parametrize("lazy", [False, True])
def test_columns_are_told_with_their_numbers(monkeypatch, lazy):
    monkeypatch.setattr("cnngraph.data.description.AT_ONCE", 1000)  # in several pieces
    part = labelled(Rows(IMAGES, np.arange(30)) if lazy else IMAGES, LABELS)
    table = columns_table(dataset(part, part.first(5), ("a", "b", "c"), pad=1, validation=part.first(3)))
    image, label = json.loads(table.json())["rows"]
    padded = np.pad(IMAGES, ((0, 0), (1, 1), (1, 1), (0, 0))) / 255
    assert (image["column"], image["sample"], image["numbers"]) == ("image", "9x11x3", "uint8")
    assert image["mean"] == pytest.approx(padded.mean())
    assert image["deviation"] == pytest.approx(padded.std())
    assert (label["lowest"], label["highest"], label["mean"]) == (0, 2, 1)
    totals = json.loads(table.json())["totals"]
    assert (totals["train"], totals["validation"], totals["test"]) == (30, 3, 5)
    assert totals["network_sees"] == "3@9x11"


def test_classes_are_counted_in_each_part():
    part = labelled(IMAGES, LABELS)
    table = classes_table(dataset(part, part.first(4), ("a", "b", "c")))
    assert table.rows == (("a", 10, 2), ("b", 10, 1), ("c", 10, 1))


def test_data_without_pictures_and_classes():
    part = Part({"text": np.arange(12).reshape(3, 4), "target": np.zeros((3, 1), np.float32)})
    data = Dataset(part, part)
    assert classes_table(data) is None
    assert [row[:3] for row in columns_table(data).rows] == [("text", "4", "int64"), ("target", "1", "float32")]
