"""Picture files of all kinds as arrays of bytes."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from cnngraph.data import picture
from cnngraph.data.picture import check_picture, open_picture, read_picture, resized
from cnngraph.diagnostics import CnnGraphError

RAMP = np.linspace(0, 255, 12 * 20).reshape(12, 20).astype(np.uint8)  # dark above, bright below


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "LA"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_grey_picture_is_grey_in_any_mode(tmp_path, mode, channels) -> None:
    Image.fromarray(RAMP).convert(mode).save(tmp_path / "ramp.png")
    found = open_picture(tmp_path / "ramp.png", channels)
    assert found.shape == (12, 20, channels)
    assert np.abs(found.astype(int) - RAMP[..., None]).max() <= 1


def test_sixteen_bits(tmp_path) -> None:
    Image.fromarray(RAMP.astype(np.uint16) * 256 + 200).save(tmp_path / "deep.png")
    assert (open_picture(tmp_path / "deep.png", 1)[..., 0] == RAMP).all()


def test_what_is_transparent_lies_on_black(tmp_path) -> None:
    picture = np.full((2, 2, 4), 255, np.uint8)
    picture[0, 0, 3] = 0
    Image.fromarray(picture).save(tmp_path / "hole.png")
    assert open_picture(tmp_path / "hole.png", 1)[..., 0].tolist() == [[0, 255], [255, 255]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_that_was_turned(tmp_path, orientation) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(RAMP).save(tmp_path / "held.jpg", exif=exif, quality=100)
    found = open_picture(tmp_path / "held.jpg", 1)[..., 0].astype(int)
    assert found.shape == ((12, 20) if orientation < 5 else (20, 12))
    rows, columns = found[-1].mean() - found[0].mean(), found[:, -1].mean() - found[:, 0].mean()
    brighter = {1: "below", 2: "below", 3: "above", 4: "above", 5: "right", 6: "left", 7: "left", 8: "right"}
    where = ("below" if rows > 0 else "above") if abs(rows) > abs(columns) else ("right" if columns > 0 else "left")
    assert where == brighter[orientation]


def test_any_size_becomes_the_size_that_is_asked_for(tmp_path) -> None:
    Image.fromarray(RAMP).save(tmp_path / "ramp.png")
    for height, width in ((1, 1), (7, 3), (100, 50)):
        assert read_picture(tmp_path / "ramp.png", height, width, 3).shape == (height, width, 3)


def test_channels_that_no_picture_has(tmp_path) -> None:
    with pytest.raises(CnnGraphError, match="not 5"):
        open_picture(tmp_path / "any.png", 5)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_large_photograph_is_decoded_smaller_and_looks_the_same(tmp_path, channels) -> None:
    numbers = np.random.default_rng(0)
    photograph = Image.fromarray(numbers.integers(0, 256, (30, 40, 3), np.uint8)).resize((800, 600))
    photograph.save(tmp_path / "large.jpg", quality=95)
    assert open_picture(tmp_path / "large.jpg", channels).shape == (600, 800, channels)
    assert open_picture(tmp_path / "large.jpg", channels, enough=100).shape == (150, 200, channels)
    small = read_picture(tmp_path / "large.jpg", 50, 50, channels).astype(int)
    plain = resized(open_picture(tmp_path / "large.jpg", channels), 50, 50)
    assert np.abs(small - plain).mean() < 1


def test_a_picture_of_too_many_pixels_is_not_decoded(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(picture, "MAX_PIXELS", 239)
    Image.fromarray(RAMP).save(tmp_path / "ramp.png")
    with pytest.raises(CnnGraphError, match="it has 240 pixels; 239 can be read"):
        open_picture(tmp_path / "ramp.png", 3)


def test_what_is_no_file_is_no_picture(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path, tmp_path / "pipe.png", tmp_path / "none.png"):
        with pytest.raises(CnnGraphError, match="there is no such picture"):
            check_picture(path)
