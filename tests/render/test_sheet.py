"""Sheets: where the pixels of a tile go, what is refused, and that text widens its column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnngraph.diagnostics import CnnGraphError
from cnngraph.render.sheet import GAP, MARGIN, Tile, sheet, spread01

GREY = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
COLOUR = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 10


def test_each_pixel_becomes_a_square() -> None:
    drawn = sheet([Tile(GREY), Tile(COLOUR), Tile(GREY[..., None])], columns=2, scale=4).image
    assert drawn.shape == (2 * MARGIN + 16 + GAP, 2 * MARGIN + 24 + GAP, 3)
    first = drawn[MARGIN : MARGIN + 8, MARGIN : MARGIN + 12]
    second = drawn[MARGIN : MARGIN + 8, MARGIN + 12 + GAP : MARGIN + 24 + GAP]
    below = drawn[MARGIN + 8 + GAP : MARGIN + 16 + GAP, MARGIN : MARGIN + 12]
    np.testing.assert_array_equal(first, GREY.repeat(4, 0).repeat(4, 1)[..., None].repeat(3, 2))
    np.testing.assert_array_equal(second, COLOUR.repeat(4, 0).repeat(4, 1))
    np.testing.assert_array_equal(below, first)
    assert (drawn[:MARGIN] == 255).all()


def test_smooth_blends_between_pixels() -> None:
    edge = np.array([[0, 200]], np.uint8)
    hard, soft = (sheet([Tile(edge)], scale=8, smooth=smooth).image[MARGIN + 2, :, 0] for smooth in (False, True))
    assert set(hard.tolist()) == {0, 200, 255}
    assert len(set(soft.tolist())) > 5


def test_a_caption_makes_room_and_is_broken_between_words() -> None:
    bare = sheet([Tile(GREY)]).image
    short = sheet([Tile(GREY, "seven")]).image
    long = sheet([Tile(GREY, "seven " * 20)]).image
    assert bare.shape[0] < short.shape[0] < long.shape[0]
    assert bare.shape[1] < short.shape[1] < long.shape[1] < 2 * MARGIN + 160
    assert (short[MARGIN + 2 :].min(axis=2) < 100).sum() > 20  # letters


def test_a_word_longer_than_its_line_is_broken_and_a_title_stands_above() -> None:
    word = sheet([Tile(GREY, "x" * 200)]).image
    assert word.shape[1] < 2 * MARGIN + 160
    titled = sheet([Tile(GREY)], title="Kernels of c1").image
    assert (titled[: MARGIN + 16].min(axis=2) < 100).any()
    assert not (sheet([Tile(GREY)]).image[:MARGIN] < 255).any()


def test_equal_tiles_give_equal_files(tmp_path: Path) -> None:
    made = [sheet([Tile(COLOUR, "a")] * 5, scale=3, title="t") for _ in range(2)]
    assert made[0].png() == made[1].png()
    made[0].write(tmp_path / "a.png")
    made[0].write(tmp_path / "a.bmp")
    for name in ("a.png", "a.bmp"):
        with Image.open(tmp_path / name) as read:
            np.testing.assert_array_equal(np.asarray(read.convert("RGB")), made[0].image)


@pytest.mark.parametrize("name", ["a", "a.txt", "a.cnn"])
def test_an_ending_that_is_no_picture_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(CnnGraphError, match=r"E0603.*ending"):
        sheet([Tile(GREY)]).write(tmp_path / name)
    assert not (tmp_path / name).exists()


def test_what_is_no_image_is_refused() -> None:
    for wrong in (GREY.astype(float), np.zeros((2, 3, 2), np.uint8), np.zeros(3, np.uint8), np.zeros((0, 3), np.uint8)):
        with pytest.raises(CnnGraphError, match=r"E0705.*a tile is"):
            Tile(wrong)
    with pytest.raises(CnnGraphError, match="E0705"):
        sheet([])
    with pytest.raises(CnnGraphError, match=r"E0108.*columns"):
        sheet([Tile(GREY)], columns=0)
    with pytest.raises(CnnGraphError, match=r"E0108.*too large"):
        sheet([Tile(GREY)], scale=100_000)


def test_numbers_become_shades() -> None:
    assert spread01(np.array([-2.0, 0.0, 2.0])).tolist() == [0, 128, 255]
    assert spread01(np.array([0.0, 4.0])).tolist() == [0, 255]
    assert spread01(np.array([1.0]), largest=2.0).tolist() == [128]
    assert spread01(np.array([1.0]), largest=2.0, signed=True).tolist() == [191]
    assert spread01(np.zeros(2)).tolist() == [0, 0]
    assert spread01(np.array([np.nan, np.inf, 1.0])).tolist() == [0, 0, 255]
