"""Crop: sizes, open ones too, where the gradient goes, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.ir.op import OpError
from cnngraph.ir.size import symbol
from cnngraph.ir.types import TensorType
from cnngraph.ops.crop import Crop

IMAGE = TensorType.of(3, (7, 8))


def test_each_side_loses_its_margin() -> None:
    x = np.arange(2 * 5 * 6).reshape(1, 5, 6, 2)
    np.testing.assert_array_equal(Crop(1).forward(x), x[:, 1:4, 1:5])
    np.testing.assert_array_equal(Crop((0, 2)).forward(x), x[:, :, 2:4])
    np.testing.assert_array_equal(Crop(((1, 0), (0, 3))).forward(x), x[:, 1:, :3])


def test_a_margin_of_nothing_changes_nothing() -> None:
    x = np.ones((2, 3, 4, 5))
    assert Crop(0).forward(x).shape == x.shape
    assert Crop(0).infer(IMAGE) == IMAGE


def test_open_sizes_lose_the_same() -> None:
    height, width = symbol("H", 16), symbol("W", 16)
    assert str(Crop(4).infer(TensorType.of(3, (height, width)))) == "3@(H-8, W-8)"


def test_what_is_cut_off_has_no_gradient() -> None:
    dx = Crop(((1, 0), (0, 2))).vjp("x", np.ones((1, 2, 2, 1)), {}, {"x": (1, 3, 4, 1)})
    assert dx[0, ..., 0].tolist() == [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]]


@pytest.mark.parametrize(
    ("margin", "x", "code", "said"),
    [
        (4, IMAGE, "E0203", "the margin of crop leaves no positions of 7x8"),
        (-1, IMAGE, "E0108", "the margin of crop must not be negative"),
        ("same", IMAGE, "E0108", "crop knows no margin `same`"),
        ((1, 2, 3), IMAGE, "E0204", "the margin of crop has 3 sizes, but its input has 2 position axes"),
        (1, TensorType.of(3), "E0202", "crop needs a grid such as 3@224x224, but receives the vector 3"),
    ],
)
def test_what_cannot_be_cropped_is_refused(margin: int, x: TensorType, code: str, said: str) -> None:
    with pytest.raises(OpError) as caught:
        Crop(margin).infer(x)
    assert (caught.value.code, caught.value.message) == (code, said)
