"""Average pooling in one, two or three dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Onnx, Sample, Saved, Shape
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Holes, Window
from cnngraph.ops.pool import DilatedPool, spread_sums, window_sums


@dataclass(frozen=True)
class AvgPool(DilatedPool):
    """Average pooling: the mean of each window, in each channel.

        y[n, o, c] = sum_i x[n, o * stride + i - pad, c] / count[o]

    count[o] is the number of elements of the window inside the padded input, or inside the input itself without
    `count_padding`. What a last window of `ceil` covers beyond the padding never counts.

    shapes: c@positions -> c@positions', positions' = floor((N + 2P - F) / S) + 1; in 1, 2 or 3 dimensions.
    fields: window (its stride is its own size unless given, as in `3x3/2`); pad (as in conv, but below the window);
            stride; ceil (round up: a last window may reach over the edge); count_padding; dilation.
    errors: E0202 no grid; E0203 window larger than the padded input; E0108 pad not below the window.
    cost:   one flop for each element of each window.
    source: LeCun et al. 1989, Neural Computation 1(4) (averaging and subsampling); ONNX AveragePool-22.

    >>> AvgPool(Window((2,))).forward(np.array([[[1.0], [3.0], [5.0], [9.0]]])).ravel()
    array([2., 7.])
    """

    count_padding: bool = True
    dilation: Holes = 1
    name: ClassVar[str] = "avgpool"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def forward(self, x: Array) -> Array:
        y = window_sums(x, *self.laid(x.shape))
        y /= self.counts(x.shape)
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        share = (dy / self.counts(shapes["x"])).astype(dy.dtype)
        return spread_sums(share, self.laid(shapes["x"])[0], shapes["x"])

    def counts(self, shape: Shape) -> Array:
        """How many elements each window averages: (positions'..., 1)."""
        g, (_, positions) = self.geometry(TensorType(shape)), self.laid(shape)
        counts = np.ones((1,), np.int64)
        for axis, n in enumerate(shape[1:-1]):
            before, after = g.pad[axis]
            low, high = (0, before + n + after) if self.count_padding else (before, before + n)
            starts = np.arange(positions[axis]) * g.stride[axis]
            places = starts[:, None] + np.arange(g.size[axis]) * g.dilation[axis]  # (positions', window)
            inside = ((places >= low) & (places < high)).sum(axis=1)
            counts = counts[..., None, :] * inside[:, None]  # (positions' so far..., this axis, 1)
        return counts

    def onnx(self) -> Onnx:
        return Onnx("AveragePool", 22, {"ceil_mode": int(self.ceil), "count_include_pad": int(self.count_padding)})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        inside = cls(Window((3,)), "same", stride=1, count_padding=False)
        return (*super().samples(), Sample(inside, (TensorType.of(2, (4, 5)),), batch=3))
