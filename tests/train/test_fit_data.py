"""Training and its data: who prepares batches changes nothing, and arrays of the caller are data too."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cnngraph import loads
from cnngraph.data.given import dataset_of
from cnngraph.diagnostics import CnnGraphError

NET = """net tiny(image: 3@10x10) = conv(4, 3x3) -> relu -> globalavgpool -> dense(2) -> softmax
train tiny {
  data: images("DIR", 12, megabytes = SIZE)
  augment: crop(10) -> mirror -> rotate(30) -> scale(0.8, 1.2) -> brightness(0.3) -> noise(0.1) -> cutout(4)
  optimizer: sgd(lr = 0.05)
  epochs: 2
  batch: 5
}"""

SMALL = """net tiny(image: 1@4x4) = flatten -> dense(2) -> softmax
train tiny {
  optimizer: adam(lr = 0.03)
  epochs: 15
  batch: 8
}"""


@pytest.fixture
def pictures(tmp_path):
    numbers = np.random.default_rng(0)
    for name, level in (("dark", 60), ("light", 180)):
        (tmp_path / name).mkdir()
        for i in range(15):
            image = np.clip(numbers.normal(level, 60, (14, 17, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(image).save(tmp_path / name / f"{i}.png")
    return tmp_path


def trained(folder, size, workers):
    net = loads(NET.replace("DIR", str(folder)).replace("SIZE", str(size)))
    return net.fit(data_workers=workers).states


def test_threads_and_lazy_pictures_change_no_bit(pictures):
    first, *others = (trained(pictures, size, workers) for size, workers in ((1000, 1), (1000, 3), (0, 4)))
    for states in others:
        assert all(np.array_equal(first[name], states[name]) for name in first)


def test_a_picture_that_is_found_to_be_damaged_ends_the_run_in_words(pictures):
    path = pictures / "dark" / "3.png"
    path.write_bytes(path.read_bytes()[:-300])
    net = loads(NET.replace("DIR", str(pictures)).replace("SIZE", "0, normalize = false"))
    with pytest.raises(CnnGraphError, match=r"3\.png: the picture cannot be read"):
        net.fit(data_workers=3)


def test_arrays_of_the_caller_are_trained_on():
    net = loads(SMALL)
    label = np.arange(60) % 2
    image = np.random.default_rng(0).uniform(0, 0.5, (60, 4, 4)) + 0.5 * label[:, None, None]
    history = net.fit({"image": image, "label": label}, validate=0.25)
    assert history.rows[-1].test_accuracy > 0.9
    found = net.evaluate(dataset_of({"image": image, "label": label}))
    assert (found.count, found.accuracy > 0.9) == (12, True)
