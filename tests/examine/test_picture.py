"""Pictures: the numbers of the net and the bytes that people see are the same thing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnngraph.data.dataset import Dataset, Part, Preprocessing, labelled
from cnngraph.diagnostics import CnnGraphError
from cnngraph.examine.picture import Picture, from_data, from_file, picture_of, visible
from cnngraph.ir.op import rng

HOW = Preprocessing(6, 5, 3, 1, (0.2, 0.5, 0.4), (0.3, 0.1, 0.25))


def test_what_is_seen_is_what_was_read(tmp_path: Path) -> None:
    pixels = rng(0).integers(0, 256, (6, 5, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found = from_file(tmp_path / "a.png", HOW)
    assert found.values.shape == (8, 7, 3)
    np.testing.assert_array_equal(found.shown, np.pad(pixels, ((1, 1), (1, 1), (0, 0))))
    np.testing.assert_allclose(found.unit, 1 / np.array(HOW.std), rtol=1e-6)


def test_a_picture_of_the_data_has_its_class() -> None:
    images = rng(1).integers(0, 256, (4, 8, 7, 3)).astype(np.uint8)
    part = labelled(images, np.array([0, 1, 1, 0]))
    data = Dataset(part, part.chosen(np.array([3, 2])), ("cat", "dog"), HOW)
    assert from_data(data, 1).name == "test 1: dog"
    np.testing.assert_array_equal(from_data(data, 1, "train").shown, images[1])
    with pytest.raises(CnnGraphError, match=r"(?s)E0705.*no picture 2.*has 2"):
        from_data(data, 2)
    words = Dataset(Part({"text": np.zeros((2, 3), np.int64)}), Part({"text": np.zeros((2, 3), np.int64)}))
    with pytest.raises(CnnGraphError, match=r"(?s)E0702.*columns are text"):
        from_data(words, 0)


def test_numbers_of_unknown_origin_are_stretched() -> None:
    assert visible(np.array([[[-1.0], [0.0], [3.0]]]), None).ravel().tolist() == [0, 64, 255]
    assert visible(np.full((2, 2, 1), -4.0), None).ravel().tolist() == [128] * 4
    assert visible(rng(0).random((3, 4, 6)), None).shape == (3, 4, 1)
    picture = Picture(np.zeros((2, 2, 1)))
    assert picture_of(picture) is picture
