"""Pictures as pixels: as large as asked for, within bounds."""

from __future__ import annotations

import struct

import pytest
from render.nets import lenet5

from cnngraph.diagnostics import CnnGraphError
from cnngraph.render.dot import drawing, text_of, to_png
from cnngraph.render.layout import laid_out


def size_of(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_a_scale_of_1_is_96_dots_an_inch(scale: float) -> None:
    points = laid_out(text_of(drawing(lenet5(), {}))).size
    margin = 2 * 0.04 * 72
    for side, length in zip(size_of(to_png(lenet5(), scale)), points, strict=True):
        assert side == pytest.approx((length + margin) * scale * 96 / 72, abs=3)


def test_more_pixels_than_fit_are_refused_before_they_are_made() -> None:
    with pytest.raises(CnnGraphError, match=r"E0603.*pixels"):
        to_png(lenet5(), 200.0)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_is_none(scale: float) -> None:
    with pytest.raises(CnnGraphError, match="E0108"):
        to_png(lenet5(), scale)
