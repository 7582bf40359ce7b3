"""Order of images, and data that does not fit a network."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from cnngraph.data.dataset import Dataset, Part, Preprocessing
from cnngraph.data.sources import load_data
from cnngraph.diagnostics import CnnGraphError, Diagnostic
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import training
from cnngraph.train.checkpoint import load_checkpoint
from cnngraph.train.feeds import ahead, batch_size, feeder, shuffled
from cnngraph.train.fit import fit


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
    feeds = feeder(spec, digits).feeds(digits.train, np.arange(3))
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


@pytest.mark.parametrize("augment", ["crop(8)", "pad(1) -> crop(8)", "crop(7) -> pad(1) -> crop(8)"])
def test_tests_and_predictions_see_pictures_of_the_size_that_the_changes_make(make_spec, tmp_path, augment):
    spec = make_spec(data="digits(size = 10, limit = 50)", augment=augment)
    data = load_data(spec.data)
    feeds = feeder(spec, data)
    centre = data.preprocessing.normalized(data.test.images[:3, 1:9, 1:9])
    assert np.array_equal(feeds.feeds(data.test, np.arange(3))["image"], centre)
    output = tmp_path / "tiny.safetensors"
    fit(spec, data, epochs=1, output=output)
    prepared = load_checkpoint(output, {})[1].preprocessing
    assert (prepared.frame, prepared.shape) == ((8, 8), (8, 8, 1))
    assert Preprocessing.from_json(prepared.to_json()) == prepared


def test_a_crop_of_another_size_is_refused(make_spec):
    spec = make_spec(data="digits(size = 10)", augment="crop(9)")
    with pytest.raises(CnnGraphError, match="the network takes 1@8x8, the images are 1@9x9"):
        feeder(spec, load_data(spec.data))
    spec = make_spec(data="digits(size = 10)", augment="crop(12)")
    with pytest.raises(CnnGraphError, match="larger than the picture"):
        feeder(spec, load_data(spec.data))


def test_no_size_is_offered_that_the_data_has_already(make_spec, digits):
    spec = make_spec(data="digits(size = 8)", augment="crop(4)")
    with pytest.raises(CnnGraphError, match="the images are 1@4x4") as caught:
        feeder(spec, digits)
    assert caught.value.diagnostics[0].helps == ()


def test_padding_is_offered_where_it_helps(make_spec, setting):
    spec = make_spec(data="mnist")
    data = load_data(setting("digits", size=4))
    with pytest.raises(CnnGraphError, match=r"write pad = 2 in mnist"):
        feeder(spec, data)


@pytest.mark.parametrize("part", ["test", "validation"])
def test_pictures_of_another_size_in_a_later_part_are_refused(spec, digits, part):
    small = Part({**digits.test.columns, "image": digits.test.images[:, :4]})
    with pytest.raises(CnnGraphError, match=f"in the part {part}: the network takes 1@8x8, the images are 1@4x8"):
        feeder(spec, replace(digits, **{part: small}))


def test_too_many_classes_are_refused(spec, setting):
    data = load_data(setting("digits"))
    with pytest.raises(CnnGraphError, match="11 classes, the network only 10"):
        feeder(spec, replace(data, class_names=(*data.class_names, "ten")))


TEXTS = """cnn 1
net polarity(sentence: ids(20)@T) {
  words: embed(8) -> globalavgpool
  class: dense(2) -> softmax
}
train polarity { loss: cross_entropy(class, label); optimizer: adam(lr = 0.05); epochs: 2; batch: 16 }
"""


def texts(**columns):
    generator = np.random.default_rng(0)
    label = generator.integers(0, 2, 64)
    text = generator.integers(0, 10, (64, 5)) + 10 * label[:, None]
    part = Part({"sentence": text, "label": label} | {name: values(text, label) for name, values in columns.items()})
    return Dataset(part, part)


def test_a_net_reads_columns_of_the_names_of_its_inputs_and_open_sizes_take_any_number():
    history = fit(training(load_text(TEXTS)), texts(), epochs=10)
    assert history.rows[-1].test_accuracy == 1.0


def test_foreign_ids_in_any_part_are_refused():
    data = texts()
    foreign = Part({**data.train.columns, "sentence": data.train.columns["sentence"] + 1})
    with pytest.raises(CnnGraphError, match="in the part validation: sentence takes ids from 0 to 19, the data has"):
        feeder(training(load_text(TEXTS)), replace(data, validation=foreign))


def test_missing_columns_are_told_with_the_nearest():
    data = texts()
    renamed = [Part({"sentences": part.columns["sentence"], "label": part.labels}) for part in (data.train, data.test)]
    with pytest.raises(CnnGraphError) as caught:
        feeder(training(load_text(TEXTS)), Dataset(*renamed))
    assert "the data has sentences, label; the net wants sentence, label" in str(caught.value)
    assert "name the input `sentences` instead of `sentence`" in str(caught.value)


def test_an_input_without_data_may_be_noise(digits):
    text = """cnn 1
net maker(z: 4, real: 1@8x8) {
  made: z -> dense(64) -> reshape(1@8x8)
  far: made - real
}
train maker { loss: mse(far, 0); KEY batch: 100; epochs: 1 }
"""
    with pytest.raises(CnnGraphError) as caught:
        feeder(training(load_text(text.replace("KEY", ""))), digits)
    assert "if z is noise, say so in the train section: `noise: normal(z)`" in str(caught.value)
    assert fit(training(load_text(text.replace("KEY", "noise: normal(z);"))), digits).rows[0].loss > 0
    with pytest.raises(CnnGraphError, match="maker learns nothing from the data"):
        feeder(training(load_text(text.replace("KEY", "noise: normal(z) -> uniform(real);"))), digits)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (lambda text, label: text + 5, "sentence takes ids from 0 to 19, the data has 5 to 24"),
        (lambda text, label: text.astype(np.float32), "holds numbers of type float32"),
        (lambda text, label: label, "sentence takes ids(20)@T, but the column sentence holds one id each"),
    ],
)
def test_columns_that_do_not_fit_their_inputs_are_refused(column, text):
    with pytest.raises(CnnGraphError, match="E0702") as caught:
        feeder(training(load_text(TEXTS)), texts(sentence=column))
    assert text in str(caught.value)


def test_a_column_that_is_no_picture_is_fed_as_it_is_in_the_type_of_the_input():
    text = """cnn 1
net regression(image: 1@2x2, target: 3) { image -> flatten; value: dense(3) }
train regression { loss: mse(value, target) }
"""
    part = Part({"image": np.full((4, 2, 2, 1), 255, np.uint8), "target": np.arange(12.0).reshape(4, 3)})
    fed = feeder(training(load_text(text)), Dataset(part, part, (), Preprocessing(2, 2, 1, 0, (0.5,), (0.25,))))
    values = fed.feeds(part, np.array([2]), lambda images, indices: images // 255)
    assert values["target"].tolist() == [[6, 7, 8]]
    assert values["target"].dtype == np.float32
    assert values["image"].ravel() == pytest.approx((1 / 255 - 0.5) / 0.25)


@pytest.mark.parametrize("workers", [1, 2, 5, None])
def test_batches_come_in_order_whoever_is_first(workers):
    def slow_at_first(batch):
        time.sleep(0.02 if batch[0] % 3 == 0 else 0)
        return batch[0]

    assert list(ahead(slow_at_first, [np.array([i]) for i in range(9)], workers)) == list(range(9))
    assert list(ahead(slow_at_first, [], workers)) == []


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_batches_are_prepared_than_there_are_threads(workers):
    begun = []
    coming = ahead(lambda batch: begun.append(batch[0]), (np.array([i]) for i in range(100)), workers)
    next(coming)
    end = time.monotonic() + 30
    while len(begun) < workers + 1 and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(0.05)
    assert len(begun) == workers + 1
    coming.close()
    time.sleep(0.05)
    assert len(begun) == workers + 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("cnngraph data")]


def test_what_is_wrong_is_told_where_its_batch_would_come():
    def wrong_at_2(batch):
        if batch[0] == 2:
            raise CnnGraphError([Diagnostic("E0701", "a picture is damaged")])
        return batch[0]

    found = ahead(wrong_at_2, [np.array([i]) for i in range(6)], 4)
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(CnnGraphError, match="damaged"):
        next(found)
