"""Data sets of Hugging Face: what is read is what was stored. Nothing is downloaded."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from cnngraph.data.dataset import Rows
from cnngraph.data.sources import load_data
from cnngraph.diagnostics import CnnGraphError

PICTURES = [Image.fromarray(np.full((5, 6), 20 * shade, np.uint8)) for shade in range(10)]


@pytest.fixture
def library(monkeypatch, tmp_path):
    """The package, told that there is no network."""
    pytest.importorskip("datasets", reason="data sets of Hugging Face need the extra `datasets`")
    import datasets

    datasets.disable_progress_bars()
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    return datasets


@pytest.fixture
def rows(library):
    names = library.ClassLabel(names=["even", "odd"])
    features = {"picture": library.Image(), "parity": names, "box": library.Sequence(library.Value("float32")),
                "shade": library.Value("int32"), "said": library.Value("string")}  # fmt: skip
    columns = {"picture": PICTURES, "parity": [i % 2 for i in range(10)], "box": [[i, i + 0.5] for i in range(10)],
               "shade": list(range(10)), "said": [f"{i}!" for i in range(10)]}  # fmt: skip
    return library.Dataset.from_dict(columns, features=library.Features(features))


@pytest.mark.parametrize("megabytes", [1000, 0])
def test_a_folder_of_the_library_is_a_data_set(library, rows, tmp_path, setting, megabytes):
    splits = {"train": rows.select(range(6)), "val": rows.select([6]), "test": rows.select([7, 8, 9])}
    library.DatasetDict(splits).save_to_disk(tmp_path / "shades")
    given = {"image": "picture", "label": "parity", "validation_split": "val", "grey": True, "megabytes": megabytes}
    data = load_data(setting("datasets", "shades", 4, **given), tmp_path)
    assert {name: len(part) for name, part in data.parts.items()} == {"train": 6, "validation": 1, "test": 3}
    assert data.class_names == ("even", "odd")
    assert set(data.train.columns) == {"image", "label", "box", "shade"}
    images = data.test.images[np.arange(3)]
    assert images.shape == (3, 4, 4, 1)
    assert (images[:, 0, 0, 0] // 20).tolist() == data.test.columns["shade"].tolist() == [7, 8, 9]
    assert data.test.columns["box"].tolist() == [[7, 7.5], [8, 8.5], [9, 9.5]]


def test_one_part_is_divided_by_the_seed(rows, tmp_path, setting):
    rows.save_to_disk(tmp_path / "shades")
    given = {"image": "picture", "label": "parity", "megabytes": 0}
    first, again = (load_data(setting("datasets", "shades", 4, **given), tmp_path, seed=2) for _ in range(2))
    assert (len(first.train), len(first.test)) == (8, 2)
    assert isinstance(first.train.images, Rows)
    assert first.test.columns["shade"].tolist() == again.test.columns["shade"].tolist()
    assert np.array_equal(first.train.images[np.array([3, 1])][:, 0, 0, 0] // 20, first.train.columns["shade"][[3, 1]])


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "no column image, but picture, parity"),
        ({"image": "picture", "train_split": "all"}, "has no split all, but train"),
        ({"image": "said"}, "a picture of the column said cannot be read"),
        ({"image": "picture", "label": "box"}, "whole numbers or texts"),
    ],
)
def test_what_does_not_fit_is_refused(rows, tmp_path, setting, given, text):
    rows.save_to_disk(tmp_path / "shades")
    with pytest.raises(CnnGraphError, match=text) as caught:
        load_data(setting("datasets", "shades", 4, **given), tmp_path)
    assert caught.value.diagnostics[0].code == "E0701"


def test_a_folder_of_something_else_is_refused(library, tmp_path, setting):
    (tmp_path / "shades").mkdir()
    with pytest.raises(CnnGraphError, match="shades cannot be read"):
        load_data(setting("datasets", "shades", 4), tmp_path)


def test_without_the_package_the_extra_is_named(monkeypatch, setting):
    monkeypatch.setattr("cnngraph.data.hugging_face.find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(CnnGraphError, match="E0603") as caught:
        load_data(setting("datasets", "ylecun/mnist", 28))
    assert "cnngraph[datasets]" in str(caught.value)
    with pytest.raises(CnnGraphError, match="size is from 1"):
        load_data(setting("datasets", "ylecun/mnist"))
