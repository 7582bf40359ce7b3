"""Augmentation: the same picture meets the same change, whatever stands beside it, and stays a picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnngraph.data.augment import AUGMENTATIONS, Augmenter, chain_of, shape_after
from cnngraph.data.augmentations.mirror import Mirror
from cnngraph.data.augmentations.rotate import Rotate
from cnngraph.data.augmentations.shift import Shift
from cnngraph.diagnostics import CnnGraphError

IMAGES = np.random.default_rng(1).integers(0, 256, (20, 7, 9, 3), np.uint8)
STRONG = {
    "brightness": (0.5,), "colour": (1.0,), "contrast": (0.5,), "crop": (5, 4), "cutout": (3, 0.5), "hue": (90,),
    "mirror": (), "noise": (0.2,), "pad": (2,), "rotate": (30,), "saturation": (0.5,), "scale": (0.5, 2.0),
    "shift": (2,),
}  # fmt: skip
STILL = {
    "brightness": (0,), "colour": (0,), "contrast": (0,), "crop": (7, 9), "cutout": (0,), "hue": (0,), "noise": (0,),
    "pad": (0,), "rotate": (0,), "saturation": (0,), "scale": (1, 1), "shift": (0,),
}  # fmt: skip
WHOLE_CHAIN = tuple(AUGMENTATIONS[name](*arguments) for name, arguments in STRONG.items())


def pictures(dtype, channels=3):
    images = IMAGES[..., :channels]
    return images if dtype == np.uint8 else (images / 255).astype(dtype)


def numbers(change, count=20, seed=0):
    return np.random.default_rng(seed).random((count, change.draws))


def test_every_augmentation_is_tested_here():
    assert set(STRONG) == set(AUGMENTATIONS)
    assert set(STILL) == set(AUGMENTATIONS) - {"mirror"}


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_change_depends_on_seed_epoch_and_index_alone(dtype):
    images, everything = pictures(dtype), np.arange(20)
    order = np.random.default_rng(2).permutation(20)
    whole = Augmenter(WHOLE_CHAIN, 5, 3, 20)(images, everything)
    for cuts in ([1, 8], range(1, 20)):
        parts = [Augmenter(WHOLE_CHAIN, 5, 3, 20)(images[part], part) for part in np.split(order, cuts)]
        assert np.array_equal(np.concatenate(parts), whole[order])
    for seed, epoch in ((6, 3), (5, 4)):
        assert not np.array_equal(Augmenter(WHOLE_CHAIN, seed, epoch, 20)(images, everything), whole)


@pytest.mark.parametrize("name", AUGMENTATIONS)
@settings(max_examples=8, deadline=None)
@given(
    dtype=st.sampled_from([np.uint8, np.float32]), channels=st.sampled_from([1, 3]), seed=st.integers(0, 2**32),
    count=st.integers(1, 20),
)  # fmt: skip
def test_pictures_stay_pictures(name, dtype, channels, seed, count):
    change, images = AUGMENTATIONS[name](*STRONG[name]), pictures(dtype, channels)[:count]
    before = images.copy()
    changed = change.apply(images, numbers(change, count, seed))
    assert changed.dtype == dtype
    assert changed.shape == (count, *change.shape(images.shape[1:]))
    assert 0 <= changed.min() <= changed.max() <= (255 if dtype == np.uint8 else 1)
    assert np.array_equal(images, before), "pictures that are given are not written to"


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_each_does_something(name, dtype):
    change, images = AUGMENTATIONS[name](*STRONG[name]), pictures(dtype)
    assert not np.array_equal(change.apply(images, numbers(change)), images)


@pytest.mark.parametrize("name", STILL)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_change_by_nothing_changes_nothing(name, dtype):
    change, images = AUGMENTATIONS[name](*STILL[name]), pictures(dtype)
    assert np.array_equal(change.apply(images, numbers(change)), images)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_bytes_and_floats_meet_the_same_change(name):
    change = AUGMENTATIONS[name](*STRONG[name])
    of_bytes, of_floats = (change.apply(pictures(dtype), numbers(change)) for dtype in (np.uint8, np.float32))
    assert np.abs(of_bytes / 255 - of_floats).max() <= 0.51 / 255


@pytest.mark.parametrize("name", ["colour", "hue", "saturation"])
def test_grey_has_no_colour(name):
    change = AUGMENTATIONS[name](*STRONG[name])
    assert np.array_equal(change.apply(IMAGES[..., :1], numbers(change)), IMAGES[..., :1])
    with pytest.raises(ValueError, match="not 2 channels"):
        change.shape((7, 9, 2))


def test_shifts_reach_both_ends_and_fill_with_black():
    image = np.zeros((1, 5, 5, 1), np.uint8)
    image[0, 2, 2] = 1
    found = {
        tuple(np.argwhere(Shift(2).apply(image, np.array([[a, b]]))[0, :, :, 0])[0].tolist())
        for a in np.linspace(0, 0.999, 11)
        for b in np.linspace(0, 0.999, 11)
    }
    assert found == {(row, column) for row in range(5) for column in range(5)}


def test_crops_reach_both_ends():
    image = np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1)
    crop = AUGMENTATIONS["crop"](2)
    ends = [crop.apply(image, np.full((1, 2), at))[0, :, :, 0].tolist() for at in (0, 0.9999)]
    assert ends == [[[0, 1], [4, 5]], [[6, 7], [10, 11]]]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("turns", [0, 1, 2, 3, 4])
def test_quarter_turns_are_exact(dtype, turns):
    square = pictures(dtype)[:, :, :7]
    turned = Rotate(180).apply(square, np.full((20, 1), turns / 4))
    assert np.abs(turned - np.rot90(square, turns - 2, axes=(1, 2)).astype(float)).max() < 1e-5


def test_a_large_picture_is_sampled_as_a_small_one():
    """Pixels are made in blocks; their borders cannot be seen."""
    large = np.random.default_rng(0).integers(0, 256, (2, 130, 130, 1), np.uint8)
    turned = Rotate(180).apply(large, np.array([[0.75], [0.0]]))
    assert np.array_equal(turned[0], np.rot90(large[0]))
    assert np.array_equal(turned[1], large[1, ::-1, ::-1])


def test_a_mirror_turns_one_in_two():
    halves = np.array([[0.4], [0.6]])
    assert np.array_equal(Mirror().apply(IMAGES[:2], halves), np.stack([IMAGES[0, :, ::-1], IMAGES[1]]))
    assert np.array_equal(Mirror(vertical=True).apply(IMAGES[:2], halves), np.stack([IMAGES[0, ::-1], IMAGES[1]]))


def test_noise_has_the_deviation_that_is_asked_for():
    grey = np.full((20, 30, 30, 1), 0.5, np.float32)
    change = AUGMENTATIONS["noise"](0.1)
    noise = change.apply(grey, numbers(change)) - grey
    assert noise.std() == pytest.approx(0.1, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.003)
    assert len({image.tobytes() for image in noise}) == 20


def test_a_chain_comes_from_settings(setting):
    assert chain_of([setting("shift", 2), setting("rotate", 10), setting("mirror")]) == (Shift(2), Rotate(10), Mirror())
    with pytest.raises(CnnGraphError, match="from 0 to 180"):
        chain_of([setting("rotate", 200)])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("brightness", (2,)), ("colour", (-1,)), ("contrast", (-0.1,)), ("crop", (0,)), ("crop", (3, 0)),
        ("cutout", (3, 2)), ("cutout", (-1,)), ("hue", (181,)), ("noise", (2,)), ("pad", (-1,)), ("saturation", (1.1,)),
        ("scale", (2, 1)), ("scale", (0, 1)), ("shift", (-1,)),
    ],
)  # fmt: skip
def test_a_number_out_of_range_is_refused(setting, name, arguments):
    with pytest.raises(CnnGraphError, match="E0108"):
        chain_of([setting(name, *arguments)])


def test_the_size_after_a_chain(setting):
    chain = [setting("pad", 4), setting("crop", 24, 20), setting("mirror")]
    assert shape_after(chain, (28, 28, 1)) == (24, 20, 1)
    with pytest.raises(CnnGraphError, match="24x20 is larger than the picture, 10x28") as caught:
        shape_after(chain[1:], (10, 28, 1))
    assert caught.value.diagnostics[0].code == "E0702"
