"""Gaussian pooling in one, two or three dimensions: an average in which the middle of a window counts most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar

import numpy as np

from cnngraph.ir.op import Array, OpError, Saved, Shape
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Geometry
from cnngraph.ops.pool import Pool, spread_sums, window_sums


@dataclass(frozen=True)
class GaussianPool(Pool):
    """Gaussian pooling: the average of each window, weighted by the distance from its middle, in each channel.

        y[n, o, c] = sum_i w[i] * x[n, o * stride + i - pad, c] / sum_i w[i]
        w[i] = exp(-|i - (F - 1) / 2| ** 2 / (2 * sigma ** 2))

    Both sums run over what lies inside the input: padding has no weight.

    shapes: c@positions -> c@positions', positions' = floor((N + 2P - F) / S) + 1; in 1, 2 or 3 dimensions.
    fields: window, pad, stride and ceil as in maxpool; sigma (positions: the standard deviation of the weights, at
            least a tenth of the window).
    errors: E0202 no grid; E0203 window larger than the padded input; E0108 pad not below the window, or sigma.
    cost:   two flops for each element of each window.
    source: Goodfellow, Bengio, Courville: Deep Learning, 2016, section 9.3 (an average weighted by the distance from
            the central pixel); in ONNX a Conv with these weights, a group for each channel.

    >>> from cnngraph.ir.window import Window
    >>> GaussianPool(Window((3,)), sigma=0.5).forward(np.array([[[0.0], [1.0], [0.0]]])).round(3).item()
    0.787
    """

    sigma: float = 1.0

    name: ClassVar[str] = "gaussianpool"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}
    flops_each: ClassVar[int] = 2

    def geometry(self, x: TensorType) -> Geometry:
        g = super().geometry(x)
        if not self.sigma * 10 >= max(g.size):
            message = f"the sigma of gaussianpool must be {max(g.size) / 10} or more for this window, not {self.sigma}"
            raise OpError("E0108", message, ("smaller ones leave no average: that is the middle alone",))
        return g

    def forward(self, x: Array) -> Array:
        g, positions = self.laid(x.shape)
        weights, total = self._weights(x.shape, x.dtype)
        return window_sums(x, g, positions, weights) / total

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        weights, total = self._weights(shapes["x"], dy.dtype)
        return spread_sums(dy / total, self.laid(shapes["x"])[0], shapes["x"], weights)

    def _weights(self, shape: Shape, dtype: np.dtype[Any]) -> tuple[Array, Array]:
        """The weights (window...), and what they sum up to in each window: (1, positions'..., 1)."""
        g, positions = self.laid(shape)
        weights = self.weights_of(g.size).astype(dtype)
        return weights, window_sums(np.ones((1, *shape[1:-1], 1), dtype), g, positions, weights)

    def weights_of(self, size: Shape) -> Array:
        """The weights of a window of this size."""
        axes = [np.exp(-(((np.arange(f) - (f - 1) / 2) / self.sigma) ** 2) / 2) for f in size]
        return np.asarray(reduce(np.multiply.outer, axes))
