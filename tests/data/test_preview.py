"""The picture of data: samples as they are, as tests see them, as training will."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.data.augment import Augmenter, chain_of
from cnngraph.data.dataset import Dataset, Part, dataset, labelled
from cnngraph.data.preview import preview
from cnngraph.diagnostics import CnnGraphError

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 96, 96, 3), np.uint8)
PART = labelled(IMAGES, np.arange(20) % 2)
DATA = dataset(PART, PART.first(4), ("cat", "dog"))


def holds(sheet, image):
    """Whether an image stands somewhere on a sheet."""
    height, width, _ = image.shape
    first = np.argwhere((sheet.image == image[0, 0]).all(axis=2))
    return any(np.array_equal(sheet.image[y : y + height, x : x + width], image) for y, x in first)


def test_each_epoch_is_shown_as_it_will_be(setting):
    line = [setting("shift", 9), setting("brightness", 0.3)]
    drawn = preview(DATA, line, count=2, draws=3, seed=5)
    indices = np.arange(2)
    for epoch in range(3):
        for image in Augmenter(chain_of(line), 5, epoch, 20)(IMAGES[:2], indices):
            assert holds(drawn, image)
    assert holds(drawn, IMAGES[0])
    assert holds(drawn, IMAGES[1])
    assert not holds(drawn, IMAGES[2])
    assert np.array_equal(drawn.image, preview(DATA, line, count=2, draws=3, seed=5).image)


def test_what_tests_see_is_shown_where_it_is_another_picture(setting):
    drawn = preview(DATA, [setting("crop", 90)], part="test", count=1, draws=1)
    assert holds(drawn, IMAGES[0, 3:93, 3:93])
    assert not holds(preview(DATA, count=1), IMAGES[0, ::-1])


def test_floats_and_pictures_of_any_name_are_shown():
    left, right = IMAGES[:3, :, :, :1] / np.float32(255), IMAGES[:3, :, :, 1:2]
    part = Part({"left": left, "right": right, "frames": np.zeros((3, 5, 8, 8, 1)), "same": np.arange(3)})
    drawn = preview(Dataset(part, part), count=1)
    assert holds(drawn, np.broadcast_to(IMAGES[0, :, :, :1], (96, 96, 3)))
    assert holds(drawn, np.broadcast_to(right[0], (96, 96, 3)))


def test_data_without_pictures_is_refused():
    part = Part({"text": np.arange(3)})
    with pytest.raises(CnnGraphError, match="no column of pictures, but text"):
        preview(Dataset(part, part))
    with pytest.raises(CnnGraphError, match="no part validation, but train, test"):
        preview(DATA, part="validation")
