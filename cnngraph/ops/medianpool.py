"""Median pooling in one, two or three dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Saved, Shape, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.conv import padded, padded_shape, unpadded, window_slices
from cnngraph.ops.pool import Pool, window_sums


@dataclass(frozen=True)
class MedianPool(Pool):
    """Median pooling: the middle value of each window, in each channel.

        y[n, o, c] = median_i x[n, o * stride + i - pad, c]

    Of an even number of values it is the mean of the two in the middle, and each has half of the gradient. Padding
    does not count. Where a window holds a NaN, the result is NaN.

    shapes: c@positions -> c@positions', positions' = floor((N + 2P - F) / S) + 1; in 1, 2 or 3 dimensions.
    fields: window, pad, stride and ceil as in maxpool.
    errors: E0202 no grid; E0203 window larger than the padded input; E0108 pad not below the window.
    cost:   as many flops for each element of a window as its size has binary digits (a sort).
    source: Tukey: Exploratory data analysis, 1977, chapter 7 (running medians); ONNX has none.

    >>> from cnngraph.ir.window import Window
    >>> MedianPool(Window((3,))).forward(np.array([[[1.0], [50.0], [3.0]]])).item()
    3.0
    """

    name: ClassVar[str] = "medianpool"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}

    def forward(self, x: Array) -> Array:
        values = self._windows(x)
        ordered = np.sort(values, axis=-1)  # padding is infinite: it stands behind the values, and before any NaN
        low, high = (np.take_along_axis(ordered, rank, -1) for rank in self.ranks(x.shape))
        y = np.where(low == high, low, low / 2 + high / 2)[..., 0]
        return np.where(np.isnan(ordered[..., -1]), ordered[..., -1], y)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        g, positions = self.laid(shapes["x"])
        order = np.argsort(self._windows(saved["x"]), axis=-1, kind="stable")
        low, high = (np.take_along_axis(order, rank, -1)[..., 0] for rank in self.ranks(shapes["x"]))
        half = dy / 2
        dx = np.zeros(padded_shape(shapes["x"], g), dy.dtype)
        for index, offset in enumerate(np.ndindex(*g.size)):
            dx[window_slices(offset, g, positions)] += half * (low == index) + half * (high == index)
        return unpadded(dx, g)

    def _windows(self, x: Array) -> Array:
        """All windows, the values of each along the last axis: (N, positions'..., C, elements of the window)."""
        g, positions = self.laid(x.shape)
        x = padded(x, g, np.inf)
        return np.stack([x[window_slices(offset, g, positions)] for offset in np.ndindex(*g.size)], axis=-1)

    def ranks(self, shape: Shape) -> tuple[Array, Array]:
        """Which values of each window, in order, are its middle: (1, positions'..., 1, 1)."""
        inside = window_sums(np.ones((1, *shape[1:-1], 1), np.int64), *self.laid(shape))[..., None]
        return (inside - 1) // 2, inside // 2

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        window = prod(self.geometry(inputs[0]).size)
        return Cost(outputs[0].elements * window * window.bit_length(), total_bytes(inputs) + total_bytes(outputs))
