"""Marks are drawn where they say, upon a copy."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.render.marks import Box, Dot, Mark, Way, marked

RED = (255, 0, 0)
GREY = np.full((10, 20, 1), 100, np.uint8)


def red(*marks: Mark) -> list[tuple[int, int]]:
    """Rows and columns that are red, at a scale of 1."""
    found = np.argwhere((marked(GREY, marks) == RED).all(axis=-1))
    return [(int(row), int(column)) for row, column in found]


def test_a_box_has_its_sides_on_the_last_pixels_inside() -> None:
    places = red(Box(0.25, 0.2, 0.75, 0.8, RED))
    assert {row for row, _ in places} == set(range(2, 8))
    assert {column for _, column in places} == set(range(5, 15))
    assert len(places) == 2 * 10 + 2 * 4


@pytest.mark.parametrize("box", [Box(0.5, 0.5, 0.2, 0.2, RED), Box(0.5, 0.5, 0.5, 0.5, RED), Box(-3, -3, 4, 4, RED)])
def test_a_box_may_be_inside_out_empty_or_outside(box: Box) -> None:
    assert len(red(box)) <= 2
    assert {column for _, column in red(box)} <= {10}


def test_words_stand_on_the_colour_of_their_box() -> None:
    assert len(red(Box(0, 0, 1, 1, RED, "dog"))) > len(red(Box(0, 0, 1, 1, RED)))


def test_dots_are_around_their_place_and_ways_between_two() -> None:
    rows, columns = zip(*red(Dot(0.5, 0.5, RED)), strict=True)
    assert (np.mean(rows), np.mean(columns)) == pytest.approx((5, 10), abs=0.5)
    assert red(Way((0.1, 0.5), (0.4, 0.5), RED)) == [(5, column) for column in range(2, 9)]


def test_without_marks_an_image_is_only_enlarged_and_its_own_array_stays() -> None:
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    large = marked(image, (), 4)
    np.testing.assert_array_equal(large[::4, ::4], image)
    np.testing.assert_array_equal(large[3::4, 3::4], image)
    before = image.copy()
    marked(image, [Box(0, 0, 1, 1, RED)])
    np.testing.assert_array_equal(image, before)
