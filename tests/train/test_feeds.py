"""Order of images, and data that does not fit a network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cnngraph.data.sources import load_data
from cnngraph.diagnostics import CnnGraphError
from cnngraph.train.feeds import batch_size, feeder, shuffled


def test_each_epoch_has_every_image_once_in_an_order_of_its_own():
    first, again, later = (np.concatenate(list(shuffled(103, 10, 4, epoch))) for epoch in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, later)
    assert sorted(first.tolist()) == sorted(later.tolist()) == list(range(103))


def test_the_order_does_not_depend_on_the_batch_and_the_last_batch_is_kept():
    assert [len(part) for part in shuffled(25, 10, 0, 0)] == [10, 10, 5]
    small, large = (np.concatenate(list(shuffled(25, batch, 0, 0))) for batch in (3, 25))
    assert np.array_equal(small, large)


def test_the_batch_comes_from_the_section_then_from_its_data(make_spec):
    assert batch_size(make_spec(data="digits(batch = 50)")) == 50
    assert batch_size(make_spec(data="digits")) == 64


def test_feeds_have_the_types_of_the_inputs(spec, digits):
    feeds = feeder(spec, digits).feeds(digits.train.images[:3], digits.train.labels[:3])
    assert {name: (a.shape, a.dtype.name) for name, a in feeds.items()} == {
        "image": ((3, 8, 8, 1), "float32"),
        "label": ((3,), "int64"),
    }


@pytest.mark.parametrize(
    ("data", "text"), [("digits(size = 12)", "size = 8"), ("digits(32)", "the images are 1@32x32")]
)
def test_images_of_another_size_are_refused_with_the_remedy(make_spec, data, text):
    spec = make_spec(data=data)
    with pytest.raises(CnnGraphError, match="E0702") as caught:
        feeder(spec, load_data(spec.data))
    assert text in str(caught.value)


def test_padding_is_offered_where_it_helps(make_spec, setting):
    spec = make_spec(data="mnist")
    data = load_data(setting("digits", size=4))
    with pytest.raises(CnnGraphError, match=r"write pad = 2 in mnist"):
        feeder(spec, data)


def test_too_many_classes_are_refused(spec, setting):
    data = load_data(setting("digits"))
    with pytest.raises(CnnGraphError, match="11 classes, the network only 10"):
        feeder(spec, replace(data, class_names=(*data.class_names, "ten")))
