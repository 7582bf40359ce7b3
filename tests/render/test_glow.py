"""Numbers as colours over an image, and frames: which pixel gets which colour."""

from __future__ import annotations

import numpy as np

from cnngraph.render.glow import FRAME, MINUS, PLUS, framed, glowing, stretched


def test_signs_are_two_colours_and_zero_is_the_image() -> None:
    grey = np.full((2, 2, 3), 200, np.uint8)
    found = glowing(grey, np.array([[1.0, -1.0], [0.0, 0.5]]))
    assert found[0, 0].tolist() == list(PLUS)
    assert found[0, 1].tolist() == list(MINUS)
    assert found[1, 0].tolist() == [110] * 3
    assert found[1, 1].tolist() == [162, 102, 55]  # half of each, rounded


def test_one_sign_goes_from_the_image_to_bright() -> None:
    found = glowing(np.zeros((1, 3, 1), np.uint8), np.array([[0.0, 1.0, 2.0]]), signed=False)
    assert found[0, 0].tolist() == [0, 0, 0]
    assert found[0, 2].tolist() == [255, 245, 120]
    assert (glowing(np.zeros((1, 1), np.uint8)[..., None], np.zeros((1, 1))) == 0).all()
    assert glowing(np.zeros((1, 1, 1), np.uint8), np.ones((1, 1)), False, largest=2.0)[0, 0, 0] < 255


def test_a_frame_lies_inside_its_box() -> None:
    image = np.arange(48, dtype=np.uint8).reshape(6, 8, 1)
    found = framed(image, ((1, 4), (2, 7)), 5)
    plain = image.repeat(5, 0).repeat(5, 1).repeat(3, 2)
    changed = (found != plain).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (5, 20, 10, 35)
    assert not changed[7:18, 12:33].any()
    assert (found[changed] == FRAME).all()


def test_stretching_keeps_what_is_even() -> None:
    np.testing.assert_allclose(stretched(np.full((3, 2), 0.25), 9, 11), 0.25)
    assert stretched(np.array([[0.0, 1.0]]), 4, 8).shape == (4, 8)
