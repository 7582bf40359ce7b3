"""Numbers worked out by hand in the lectures on convolutional networks."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.ir.op import Array, Op
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.concat import Concat
from cnngraph.ops.conv import Conv
from cnngraph.ops.dense import Dense
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.sigmoid import Sigmoid


def image(rows: object) -> Array:
    """One image of one channel: (1, H, W, 1)."""
    return np.array(rows, float)[None, ..., None]


def kernel(rows: object) -> Array:
    """One filter over one channel: (F, F, 1, 1)."""
    return np.array(rows, float)[..., None, None]


def types_along(start: TensorType, *ops: Op) -> list[str]:
    """The type after each operator of a chain."""
    types = [start]
    for op in ops:
        types += op.output_types([types[-1]])
    return [str(t) for t in types[1:]]


@pytest.mark.parametrize(
    ("n", "window", "pad", "stride", "expected"),
    [(227, 11, 0, 4, 55), (32, 5, 2, 1, 32), (6, 3, 1, 1, 6), (28, 5, 0, 1, 24), (10, 5, 0, 1, 6), (55, 3, 0, 2, 27)],
)
def test_size_is_n_plus_2p_minus_f_over_s_plus_1(n: int, window: int, pad: int, stride: int, expected: int) -> None:
    conv = Conv(1, Window((window,)), pad, stride=stride)
    assert conv.infer(TensorType.of(1, (n, n))).positions == (expected, expected)
    assert expected == (n + 2 * pad - window) // stride + 1


def test_ten_filters_of_5x5_on_32x32x3_have_760_parameters() -> None:
    conv, x = Conv(10, Window((5, 5)), 2), TensorType.of(3, (32, 32))
    assert str(conv.infer(x)) == "10@32x32"
    assert sum(w.type.elements for w in conv.weight_types(x).values()) == 760


def test_convolution_worked_by_hand() -> None:
    x = image([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]])
    y = Conv(1, Window((3, 3)), bias=False).forward(x, kernel([[0, 1, 2], [2, 2, 0], [0, 1, 2]]))
    assert y[0, ..., 0].tolist() == [[12, 12, 17], [10, 17, 19], [9, 6, 14]]


def test_convolution_of_the_binary_image() -> None:
    x = image([[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]])
    y = Conv(1, Window((3, 3)), bias=False).forward(x, kernel([[1, 0, 1], [0, 1, 0], [1, 0, 1]]))
    assert y[0, ..., 0].tolist() == [[4, 3, 4], [2, 4, 3], [2, 3, 4]]
    assert Sigmoid().forward(y)[0, 0, 0, 0] == pytest.approx(0.98, abs=0.005)


def test_a_moving_average_is_a_convolution_in_one_dimension() -> None:
    x = np.array([2.0, 4.0, 7.0, 1.0, 0.0, 6.0])
    conv = Conv(1, Window((2,)), "full", bias=False)
    y = conv.forward(x[None, :, None], np.full((2, 1, 1), 0.5))
    assert y.ravel().tolist() == np.convolve(x, np.ones(2) / 2).tolist()


def test_max_pool_worked_by_hand() -> None:
    y = MaxPool(Window((2, 2))).forward(image([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]))
    assert y[0, ..., 0].tolist() == [[6, 8], [3, 4]]


def test_average_pool_of_the_same_image() -> None:
    y = AvgPool(Window((2, 2))).forward(image([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]))
    assert y[0, ..., 0].tolist() == [[3.25, 5.25], [2, 2]]


def test_10x10_convolved_with_5x5_pooled_by_2x2() -> None:
    chain = (Conv(1, Window((5, 5))), MaxPool(Window((2, 2))))
    assert types_along(TensorType.of(1, (10, 10)), *chain) == ["1@6x6", "1@3x3"]


def test_the_digit_network_with_two_convolutions() -> None:
    pool = MaxPool(Window((2, 2)))
    chain = (Conv(10, Window((5, 5))), pool, Conv(20, Window((5, 5))), pool)
    assert types_along(TensorType.of(1, (28, 28)), *chain) == ["10@24x24", "10@12x12", "20@8x8", "20@4x4"]


def test_the_network_with_25_and_50_filters() -> None:
    pool = MaxPool(Window((2, 2)))
    chain = (Conv(25, Window((3, 3))), pool, Conv(50, Window((3, 3))), pool, Flatten(), Dense(100))
    expected = ["25@26x26", "25@13x13", "50@11x11", "50@5x5", "1250", "100"]
    assert types_along(TensorType.of(1, (28, 28)), *chain) == expected


def test_overlapping_pools_of_alexnet() -> None:
    pool = MaxPool(Window((3, 3), (2, 2)))
    for before, after in ((55, 27), (27, 13), (13, 6)):
        assert str(pool.infer(TensorType.of(96, (before, before)))) == f"96@{after}x{after}"


def test_the_end_of_googlenet() -> None:
    parts = [TensorType.of(c, (7, 7)) for c in (384, 384, 128, 128)]
    assert types_along(Concat().infer(*parts), GlobalAvgPool(), Dense(1000)) == ["1024", "1000"]
