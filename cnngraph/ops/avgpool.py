"""Average pooling in one, two or three dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, total_bytes
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Geometry, Padding, Strides, Window, lay, pooling
from cnngraph.ops.conv import padded, padded_shape, unpadded, window_slices


@dataclass(frozen=True)
class AvgPool(Op):
    """Average pooling: the mean of each window, in each channel.

        y[n, o, c] = sum_i x[n, o * stride + i - pad, c] / count[o]

    count[o] is the number of elements of the window inside the padded input, or inside the input itself without
    `count_padding`. What a last window of `ceil` covers beyond the padding never counts.

    shapes: c@positions -> c@positions', positions' = floor((N + 2P - F) / S) + 1; in 1, 2 or 3 dimensions.
    fields: window (its stride is its own size unless given, as in `3x3/2`); pad (as in conv, but below the window);
            stride; ceil (round up: a last window may reach over the edge); count_padding.
    errors: E0202 no grid; E0203 window larger than the padded input; E0108 pad not below the window.
    cost:   one flop for each element of each window.
    source: LeCun et al. 1989, Neural Computation 1(4) (averaging and subsampling); ONNX AveragePool-22.

    >>> AvgPool(Window((2,))).forward(np.array([[[1.0], [3.0], [5.0], [9.0]]])).ravel()
    array([2., 7.])
    """

    window: Window
    pad: Padding = 0
    stride: Strides = None
    ceil: bool = False
    count_padding: bool = True

    name: ClassVar[str] = "avgpool"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        return x.known(positions=self.geometry(x).sizes(x.positions))

    def geometry(self, x: TensorType) -> Geometry:
        return pooling(self.name, x, self.window, self.pad, self.stride, self.ceil)

    def forward(self, x: Array) -> Array:
        laid = self.geometry(TensorType(x.shape))
        counts = self._counts(x.shape[1:-1], laid)
        g = laid.covering(x.shape[1:-1])
        x = padded(x, g)
        y = np.zeros((x.shape[0], *counts.shape[:-1], x.shape[-1]), x.dtype)
        for offset in np.ndindex(*g.size):
            y += x[window_slices(offset, g, counts.shape[:-1])]
        y /= counts
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        laid = self.geometry(TensorType(shapes["x"]))
        counts = self._counts(shapes["x"][1:-1], laid)
        g = laid.covering(shapes["x"][1:-1])
        share = (dy / counts).astype(dy.dtype)
        dx = np.zeros(padded_shape(shapes["x"], g), dy.dtype)
        for offset in np.ndindex(*g.size):
            dx[window_slices(offset, g, counts.shape[:-1])] += share
        return unpadded(dx, g)

    def _counts(self, positions: Shape, g: Geometry) -> Array:
        """How many elements each window averages: (positions'..., 1)."""
        counts = np.ones((1,), np.int64)
        for axis, n in enumerate(positions):
            before, after = g.pad[axis]
            low, high = (0, before + n + after) if self.count_padding else (before, before + n)
            starts = np.arange(number(g.sizes(positions)[axis])) * g.stride[axis]
            inside = np.minimum(starts + g.size[axis], high) - np.maximum(starts, low)
            counts = counts[..., None, :] * inside[:, None]  # (positions' so far..., this axis, 1)
        return counts

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        window = prod(self.geometry(inputs[0]).size)
        return Cost(outputs[0].elements * window, total_bytes(inputs) + total_bytes(outputs))

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return self.geometry(inputs[0]).reason(self.name)

    def formula(self, inputs: Sequence[TensorType]) -> tuple[str, ...]:
        return self.geometry(inputs[0]).formula(inputs[0].positions)

    def field_of_view(self, rank: int) -> tuple[tuple[int, int], ...]:
        g = lay(self.name, rank, self.window, self.pad, self.stride, default_stride=None)
        return tuple(zip(g.extent, g.stride, strict=True))

    def onnx(self) -> Onnx:
        return Onnx("AveragePool", 22, {"ceil_mode": int(self.ceil), "count_include_pad": int(self.count_padding)})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(Window((2, 2))), (TensorType.of(3, (6, 8)),)),
            Sample(cls(Window((3, 2), (2, 1)), (1, 0)), (TensorType.of(3, (7, 5)),)),
            Sample(cls(Window((3,)), "same", stride=1, count_padding=False), (TensorType.of(2, (4, 5)),), batch=3),
            Sample(cls(Window((3, 2)), ((0, 1), (1, 0)), stride=2, ceil=True), (TensorType.of(2, (6, 7)),)),
            Sample(cls(Window((3,), (2,)), ceil=True), (TensorType.of(4, (6,)),)),
            Sample(cls(Window((2, 1, 3))), (TensorType.of(2, (4, 5, 7)),)),
        )
