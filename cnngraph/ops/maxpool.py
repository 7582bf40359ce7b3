"""Max pooling in one, two or three dimensions."""

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
class MaxPool(Op):
    """Max pooling: the largest value of each window, in each channel.

        y[n, o, c] = max_i x[n, o * stride + i - pad, c]

    The gradient goes to the first largest value of a window.

    shapes: c@positions -> c@positions', positions' = floor((N + 2P - F) / S) + 1; in 1, 2 or 3 dimensions.
    fields: window (its stride is its own size unless given, as in `3x3/2`); pad (as in conv, but below the window; it
            counts as minus infinity); stride; ceil (round up: a last window may reach over the edge).
    errors: E0202 no grid; E0203 window larger than the padded input; E0108 pad not below the window.
    cost:   one flop for each element of each window.
    source: Zhou, Chellappa, ICNN 1988; ONNX MaxPool-22.

    >>> print(MaxPool(Window((3, 3), (2, 2))).infer(TensorType.of(96, (55, 55))))
    96@27x27
    """

    window: Window
    pad: Padding = 0
    stride: Strides = None
    ceil: bool = False

    name: ClassVar[str] = "maxpool"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x", "y")}

    def infer(self, x: TensorType) -> TensorType:
        return x.known(positions=self.geometry(x).sizes(x.positions))

    def geometry(self, x: TensorType) -> Geometry:
        return pooling(self.name, x, self.window, self.pad, self.stride, self.ceil)

    def forward(self, x: Array) -> Array:
        laid = self.geometry(TensorType(x.shape))
        positions = [number(n) for n in laid.sizes(x.shape[1:-1])]
        g = laid.covering(x.shape[1:-1])
        x = padded(x, g, -np.inf)
        first, *others = np.ndindex(*g.size)
        y = x[window_slices(first, g, positions)].copy()
        for offset in others:
            np.maximum(y, x[window_slices(offset, g, positions)], out=y)
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        y = saved["y"]
        positions = y.shape[1:-1]
        g = self.geometry(TensorType(shapes["x"])).covering(shapes["x"][1:-1])
        x = padded(saved["x"], g, -np.inf)
        dx = np.zeros(padded_shape(shapes["x"], g), dy.dtype)
        left = np.ones(y.shape, bool)  # windows whose first maximum has not been met yet
        for offset in np.ndindex(*g.size):
            at = window_slices(offset, g, positions)
            here = left & (x[at] == y)
            dx[at] += dy * here
            left &= ~here
        return unpadded(dx, g)

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
        return Onnx("MaxPool", 22, {"ceil_mode": int(self.ceil)})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(Window((2, 2))), (TensorType.of(3, (6, 8)),)),
            Sample(cls(Window((3, 2), (2, 1)), (1, 0)), (TensorType.of(3, (7, 5)),)),
            Sample(cls(Window((3,)), "same", stride=1), (TensorType.of(2, (4, 5)),), batch=3),
            Sample(cls(Window((3, 2)), ((0, 1), (1, 0)), stride=2, ceil=True), (TensorType.of(2, (6, 7)),)),
            Sample(cls(Window((3,), (2,)), ceil=True), (TensorType.of(4, (6,)),)),
            Sample(cls(Window((2, 1, 3))), (TensorType.of(2, (4, 5, 7)),)),
        )
