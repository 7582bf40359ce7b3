"""Augmentation: the same image meets the same change, whatever stands beside it."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.data.augment import Augmenter, Mirror, Rotate, Shift, chain_of
from cnngraph.diagnostics import CnnGraphError

IMAGES = np.random.default_rng(1).integers(0, 255, (20, 7, 9, 3), np.uint8)
CHAIN = (Shift(2), Rotate(15), Mirror())


def test_a_change_depends_on_seed_epoch_and_index_alone():
    everything = np.arange(20)
    order = np.random.default_rng(2).permutation(20)
    whole = Augmenter(CHAIN, 5, 3, 20)(IMAGES, everything)
    parts = [Augmenter(CHAIN, 5, 3, 20)(IMAGES[part], part) for part in np.split(order, [1, 8])]
    assert np.array_equal(np.concatenate(parts), whole[order])
    for seed, epoch in ((6, 3), (5, 4)):
        assert not np.array_equal(Augmenter(CHAIN, seed, epoch, 20)(IMAGES, everything), whole)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("change", CHAIN)
def test_shape_and_dtype_stay(change, dtype):
    images = IMAGES.astype(dtype)
    changed = change.apply(images, np.random.default_rng(0).random((20, change.width)))
    assert (changed.shape, changed.dtype) == (images.shape, dtype)


def test_shifts_reach_both_ends_and_fill_with_black():
    image = np.zeros((1, 5, 5, 1), np.uint8)
    image[0, 2, 2] = 1
    found = {
        tuple(np.argwhere(Shift(2).apply(image, np.array([[a, b]]))[0, :, :, 0])[0].tolist())
        for a in np.linspace(0, 0.999, 11)
        for b in np.linspace(0, 0.999, 11)
    }
    assert found == {(row, column) for row in range(5) for column in range(5)}


def test_no_change_at_the_middle_of_the_range():
    middle = np.full((20, 2), 0.5)
    assert np.array_equal(Shift(2).apply(IMAGES, middle), IMAGES)
    assert np.array_equal(Rotate(15).apply(IMAGES, middle), IMAGES)


def test_a_half_turn_is_both_mirrors():
    assert np.array_equal(Rotate(180).apply(IMAGES, np.zeros((20, 1))), IMAGES[:, ::-1, ::-1])


def test_a_mirror_turns_one_in_two():
    mirrored = Mirror().apply(IMAGES[:2], np.array([[0.4], [0.6]]))
    assert np.array_equal(mirrored, np.stack([IMAGES[0, :, ::-1], IMAGES[1]]))


def test_a_chain_comes_from_settings(setting):
    assert chain_of([setting("shift", 2), setting("rotate", 10), setting("mirror")]) == (Shift(2), Rotate(10), Mirror())
    with pytest.raises(CnnGraphError, match="from 0 to 180"):
        chain_of([setting("rotate", 200)])
