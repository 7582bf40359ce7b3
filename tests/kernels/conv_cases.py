"""Convolutions of all kinds, small, with sizes that all differ."""

from __future__ import annotations

from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.ops.conv import Conv

POINTWISE = (
    (Conv(6, Window((1,))), TensorType.of(5, (4, 7))),
    (Conv(6, Window((1,)), groups=2, bias=False), TensorType.of(4, (5, 3))),
    (Conv(130, Window((1,))), TensorType.of(3, (40, 35))),
    (Conv(7, Window((1,))), TensorType.of(3, (11,))),
    (Conv(4, Window((1,))), TensorType.of(3, (2, 5, 3))),
)
"""A window of one position, with stride 1 and without padding."""

WINDOWS = (
    (Conv(4, Window((3, 2))), TensorType.of(3, (7, 8))),
    (Conv(5, Window((3, 5), (2, 1)), "same"), TensorType.of(3, (7, 8))),
    (Conv(4, Window((3,)), "full", bias=False), TensorType.of(3, (7, 8))),
    (Conv(6, Window((3,)), ((1, 0), (2, 1)), groups=2, dilation=(2, 1)), TensorType.of(4, (7, 9))),
    (Conv(5, Window((3,), (2,)), 1), TensorType.of(2, (9,))),
    (Conv(2, Window((2, 1, 3)), (0, 1, 1)), TensorType.of(3, (4, 5, 6))),
    (Conv(7, Window((1,), (2,))), TensorType.of(3, (7, 10))),
    (Conv(7, Window((1,), (2,)), 1), TensorType.of(3, (6, 5))),
    (Conv(6, Window((3,), (3,)), (4, (0, 5))), TensorType.of(2, (10, 6))),
    (Conv(8, Window((7,), (2,)), 3), TensorType.of(3, (30, 22))),
    (Conv(12, Window((3,), (2,)), 1, groups=4), TensorType.of(8, (9, 13))),
    (Conv(16, Window((3,)), 1), TensorType.of(24, (30, 26))),
    (Conv(24, Window((3,), (2,)), 1), TensorType.of(24, (40, 44))),
    (Conv(4, Window((2,), (3,))), TensorType.of(3, (9, 10))),
    (Conv(5, Window((4,), (2,)), (2, 1), dilation=(1, 3)), TensorType.of(3, (12, 17))),
)
"""Larger windows: every stride, dilation and padding, groups, in one to three dimensions; some of several blocks."""
