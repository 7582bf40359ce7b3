"""Positions in another order, some of them, more of them, one number of them: sizes, open ones too, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.ir.op import Op, OpError
from cnngraph.ir.size import symbol
from cnngraph.ir.types import TensorType
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.globalmaxpool import GlobalMaxPool
from cnngraph.ops.padding import Pad
from cnngraph.ops.part import Part
from cnngraph.ops.reduce import Reduce
from cnngraph.ops.slice import Slice
from cnngraph.ops.transpose import Transpose

IMAGE, VECTOR, IDS = TensorType.of(3, (7, 8)), TensorType.of(3), TensorType.ids(9, (7, 8))
H, W = symbol("H", at_least=6), symbol("W", 4, at_least=8)
OPEN = TensorType.of(3, (H, W))


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        (Slice(2, 5), "3@3x3"),
        (Slice(step=2), "3@(floor((H+1)/2), W/2)"),
        (Slice(-3), "3@3x3"),
        (Slice((1, 0), -2), "3@(H-3, W-2)"),
        (Pad(((1, 0), 2)), "3@(H+1, W+4)"),
        (Pad(5, "reflect"), "3@(H+10, W+10)"),
        (Pad(6, "wrap"), "3@(H+12, W+12)"),
        (Transpose((1, 0)), "3@WxH"),
        (Reduce("max"), "1@HxW"),
        (Reduce("max", "positions"), "3"),
        (Part(1, (1, 2)), "2@HxW"),
    ],
)
def test_sizes_may_be_symbols(op: Op, expected: str) -> None:
    assert str(op.output_types([OPEN])[0]) == expected
    bound, sizes = OPEN.bind(H=9, W=12), {"H": 9, "W": 12}
    assert op.output_types([bound])[0] == op.output_types([OPEN])[0].bind(**sizes)


@pytest.mark.parametrize(
    ("op", "x", "code", "said"),
    [
        (Slice(7, 9), IMAGE, "E0203", "7x8 has no slice from 7 up to 9"),
        (Slice(3, 3), IMAGE, "E0203", "7x8 has no slice from 3 up to 3"),
        (Slice((-8, 0)), IMAGE, "E0203", "7x8 has no slice from -1 up to 7"),
        (Slice(0, 7), OPEN, "E0204", "slice needs H-7 to be 0 or more"),
        (Slice(step=0), IMAGE, "E0108", "the step of slice must be 1 or more, not 0"),
        (Slice((0, 0, 0)), IMAGE, "E0204", "the start of slice has 3 sizes, but its input has 2 position axes"),
        (Slice(1), VECTOR, "E0202", "slice needs a grid such as 3@224x224, but receives the vector 3"),
        (Pad(-1), IMAGE, "E0108", "the margin of padding must not be negative"),
        (Pad("same"), IMAGE, "E0108", "padding knows no margin `same`"),
        (Pad(1, "mirror"), IMAGE, "E0108", 'padding knows no mode "mirror"'),
        (Pad(7, "reflect"), IMAGE, "E0203", "this margin of padding needs 8 positions to reflect, but receives 7x8"),
        (Pad(8, "wrap"), IMAGE, "E0203", "this margin of padding needs 8 positions to wrap, but receives 7x8"),
        (Pad(6, "reflect"), OPEN, "E0204", "this margin of padding needs 7 positions to reflect, but receives HxW"),
        (Pad(1), IDS, "E0202", "padding needs a grid such as 3@224x224, but receives ids(9)@7x8"),
        (
            Transpose((0, 2)),
            IMAGE,
            "E0108",
            "the order of transpose must hold each of the axes 0, 1 of 3@7x8 once, not (0, 2)",
        ),
        (Transpose(0), VECTOR, "E0202", "transpose needs a grid such as 3@224x224, but receives the vector 3"),
        (Reduce("average"), IMAGE, "E0108", 'reduce knows no "average"'),
        (Reduce("mean", "channels"), IMAGE, "E0108", 'reduce knows no "channels"'),
        (Reduce("mean"), IDS, "E0204", "reduce needs features, but receives ids(9)@7x8"),
        (Reduce("sum", "positions"), IDS, "E0202", "reduce needs a grid such as 3@224x224, but receives ids(9)@7x8"),
        (Part(3, (1, 1, 1)), IMAGE, "E0108", "3 parts are numbered 0 to 2: there is no part 3"),
    ],
)
def test_what_is_refused(op: Op, x: TensorType, code: str, said: str) -> None:
    with pytest.raises(OpError) as caught:
        op.output_types([x])
    assert (caught.value.code, caught.value.message) == (code, said)


@pytest.mark.parametrize("mode", ["zeros", "edge", "reflect", "wrap"])
def test_padding_is_that_of_numpy_and_its_gradient_counts_how_often_a_position_is_seen(mode: str) -> None:
    x = np.arange(1.0, 6.0).reshape(1, 5, 1)
    pad = Pad(((3, 4),), mode)
    y = pad.forward(x)
    dx = pad.vjp("x", np.ones_like(y), {}, {"x": x.shape})
    seen = [np.count_nonzero(y == number) for number in x.ravel()]
    assert dx.ravel().tolist() == seen


def test_over_the_positions_it_is_the_global_pool() -> None:
    x = np.random.default_rng(5).normal(size=(2, 4, 5, 3))
    np.testing.assert_array_equal(Reduce("mean", "positions").forward(x), GlobalAvgPool().forward(x))
    np.testing.assert_array_equal(Reduce("max", "positions").forward(x), GlobalMaxPool().forward(x))


def test_of_equal_values_the_first_takes_the_gradient() -> None:
    x = np.array([[[2.0, 7.0, 7.0], [2.0, 2.0, 5.0]]])
    for by, expected in (("max", [[0, 1, 0], [0, 0, 1]]), ("min", [[1, 0, 0], [1, 0, 0]])):
        dx = Reduce(by).vjp("x", np.ones((1, 2, 1)), {"x": x}, {"x": x.shape})
        assert dx[0].tolist() == expected
