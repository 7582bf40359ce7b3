"""Ten views of a picture."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.data.patches import ten_patches

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 8, 10, 3), np.uint8)


def test_corners_centre_and_their_mirrors():
    found = ten_patches(IMAGES, 4, 6)
    assert (found.shape, found.dtype) == ((3, 10, 4, 6, 3), np.uint8)
    places = [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]
    for view, (top, left) in enumerate(places):
        piece = IMAGES[:, top : top + 4, left : left + 6]
        assert np.array_equal(found[:, view], piece)
        assert np.array_equal(found[:, view + 5], piece[:, :, ::-1])


def test_the_whole_picture_is_a_piece():
    found = ten_patches(IMAGES, 8, 10)
    assert all(np.array_equal(found[:, view], IMAGES) for view in range(5))


@pytest.mark.parametrize("size", [(9, 5), (5, 11), (0, 5)])
def test_a_piece_lies_in_the_picture(size):
    with pytest.raises(ValueError, match="does not lie in a picture of 8x10"):
        ten_patches(IMAGES, *size)
