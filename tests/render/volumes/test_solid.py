"""Lengths of volumes: large and small ones stay readable in one picture, and the forms are those of the figures."""

from __future__ import annotations

import pytest

from cnngraph.render.volumes.solid import Scale, Solid
from cnngraph.render.volumes.volume import Volume


def volume(channels: int, *positions: int) -> Volume:
    return Volume("v", "convolution", positions, channels, "")


def solids(*volumes: Volume) -> list[Solid]:
    scale = Scale.of(volumes)
    return [scale.solid(each) for each in volumes]


def test_images_and_deep_small_maps_are_readable_in_one_picture() -> None:
    image, deep = solids(volume(3, 224, 224), volume(2048, 7, 7))
    assert image.height == pytest.approx(130)
    assert 20 < deep.height < image.height / 4
    assert 80 < deep.width < 100
    assert 3 <= image.width < deep.width / 10


def test_lengths_grow_with_the_square_root() -> None:
    large, small = solids(volume(64, 100, 100), volume(64, 25, 25))
    assert large.height == pytest.approx(2 * small.height)
    assert large.width == pytest.approx(small.width)


def test_few_channels_are_sheets_and_many_are_boxes() -> None:
    assert [(s.form, s.cuts) for s in solids(volume(1, 32, 32), volume(6, 28, 28))] == [("sheets", 1), ("sheets", 6)]
    assert [s.form for s in solids(volume(1, 32, 32), volume(33, 28, 28))] == ["box", "box"]


def test_a_film_is_a_box_cut_into_its_frames() -> None:
    (film,) = solids(volume(3, 16, 112, 112))
    assert (film.form, film.cuts) == ("box", 16)


def test_one_axis_is_a_matrix_and_a_vector_a_bar() -> None:
    speech, vector, single = solids(volume(16, 15), volume(120), volume(120, 1, 1))
    assert (speech.form, speech.cuts) == ("matrix", 15)
    assert vector == single
    assert vector.form == "bar"


def test_windows_and_units_lie_on_the_solid() -> None:
    for solid in (Solid("box", 40, 60, 20), Solid("sheets", 40, 60, 20, 4), Solid("matrix", 40, 60, 4)):
        for point in (solid.window_at(0, 0), solid.window_at(1, 1), solid.unit_at(0, 0), solid.unit_at(1, 1)):
            assert 0 <= point[0] <= solid.size[0]
            assert 0 <= point[1] <= solid.size[1]
