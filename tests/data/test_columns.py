"""Arrays become columns, whatever numbers hold them; what is no column is refused in words."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.data.columns import parts_of
from cnngraph.data.given import dataset_of
from cnngraph.diagnostics import CnnGraphError

BYTES = np.random.default_rng(0).integers(0, 256, (10, 4, 5, 3), np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_pictures_in_any_numbers(dtype):
    floats = np.dtype(dtype).kind == "f"
    parts, names = parts_of({"image": (BYTES / 255 if floats else BYTES).astype(dtype)})
    image = parts["train"].images
    assert image.dtype == (np.float32 if floats else np.uint8)
    assert np.array_equal(np.rint(image * 255 if floats else image), BYTES)
    assert names == ()


@pytest.mark.parametrize(
    ("labels", "names", "ids"),
    [
        ([2, 0, 1], ("0", "1", "2"), [2, 0, 1]),
        ([[2], [0], [1]], ("0", "1", "2"), [2, 0, 1]),
        (["b", "a", "b"], ("a", "b"), [1, 0, 1]),
        ([["b"], ["a"], ["b"]], ("a", "b"), [1, 0, 1]),
        ([b"b", b"a", b"b"], ("a", "b"), [1, 0, 1]),
        ([True, False, True], ("0", "1"), [1, 0, 1]),
    ],
)
def test_labels_in_any_form(labels, names, ids):
    parts, found = parts_of({"label": np.array(labels)})
    assert (found, parts["train"].labels.tolist()) == (names, ids)
    assert parts["train"].labels.dtype == np.int64


def test_names_of_classes_may_be_given():
    names = np.array(["cat", "dog", "eel"])
    assert parts_of({"label": np.array([2, 0]), "class_names": names})[0]["train"].labels.tolist() == [2, 0]
    parts, found = parts_of({"label": np.array(["eel", "cat"]), "class_names": names})
    assert (parts["train"].labels.tolist(), found) == ([2, 0], ("cat", "dog", "eel"))


def test_other_columns_are_ids_or_numbers():
    columns = parts_of({"text": np.arange(6, dtype=np.int8).reshape(2, 3), "box": np.ones((2, 4))})[0]["train"].columns
    assert {name: (column.dtype.name, column.shape) for name, column in columns.items()} == {
        "text": ("int64", (2, 3)),
        "box": ("float32", (2, 4)),
    }


def test_names_say_the_parts():
    arrays = {f"{part}_{name}": values[:n] for part, n in (("train", 9), ("test", 4), ("validation", 2))
              for name, values in (("image", BYTES), ("label", np.arange(10)))}  # fmt: skip
    parts, names = parts_of(arrays)
    assert {part: len(rows) for part, rows in parts.items()} == {"train": 9, "validation": 2, "test": 4}
    assert len(names) == 9
    data = dataset_of(arrays)
    assert (len(data.train), len(data.validation), len(data.test)) == (9, 2, 4)


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({}, "not none"),
        ({"image": BYTES.astype(np.int64) + 1}, "from 1 to 256"),
        ({"image": BYTES.astype(np.float32)}, "floats from 0 to 1"),
        ({"image": np.full((2, 3, 3, 1), np.nan)}, "from nan to nan"),
        ({"image": BYTES[0, 0]}, "is \\(N, H, W, C\\)"),
        ({"label": np.array([0.5, 1.5])}, "whole numbers or texts"),
        ({"label": np.zeros((3, 2), int)}, "one for each sample"),
        ({"label": np.array([-1, 0])}, "labels from -1"),
        ({"label": np.array([0, 10**12])}, "highest label is 1000000000000"),
        ({"label": np.array([0, 2**64 - 1], np.uint64)}, "highest label is 18446744073709551615"),
        ({"label": np.array([["a", "b"]])}, "one for each sample"),
        ({"label": np.array([0, 1]), "class_names": np.array("ab")}, "class_names is one text for each class"),
        ({"label": np.array([0, 1]), "class_names": np.array([["a", "b"]])}, "class_names is one text"),
        ({"label": np.array(["a", "b"]), "class_names": np.array(["a", "b", "a"])}, "each another"),
        ({"label": np.array(["a", "z"]), "class_names": np.array(["a", "b"])}, "the label z is none of"),
        ({"label": np.array([0, 5]), "class_names": np.array(["a", "b"])}, "labels from 5 to 5, but 2 classes"),
        ({"words": np.array(["a"])}, "words holds no numbers"),
        ({"words": np.array(None)}, "words holds no numbers"),
        ({"box": np.float32(3)}, "has no rows"),
        ({"box": np.array([[0.5, np.nan], [1, 2]])}, "box holds nan"),
        ({"box": np.array([[0.5, 1], [-np.inf, 2]])}, "box holds -inf"),
        ({"box": np.array([[1e300], [1.0]])}, "box holds 1e\\+300"),
        ({"box": np.zeros((0, 4))}, "has no rows"),
        ({"image": BYTES[:, :0]}, "has no rows"),
        ({"image": BYTES, "label": np.arange(9)}, "same number"),
        ({"train_image": BYTES, "tset_image": BYTES}, "tset_image is of no part"),
        ({"train_image": BYTES, "test_label": np.arange(9)}, "same columns"),
    ],
)
def test_what_is_no_column_is_refused(arrays, text):
    with pytest.raises(CnnGraphError, match=text) as caught:
        dataset_of(arrays, test=0.5)
    assert caught.value.diagnostics[0].code == "E0701"
