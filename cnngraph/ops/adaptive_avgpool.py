"""Average pooling to a given number of positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Saved, Shape
from cnngraph.ops.pool import AdaptivePool


@dataclass(frozen=True)
class AdaptiveAvgPool(AdaptivePool):
    """The mean of each of a given number of cells, whatever the size of the input, in each channel.

        y[n, o, c] = mean of x[n, p, c] for floor(o * N / O) <= p < ceil((o + 1) * N / O), along each axis

    shapes: c@positions' -> c@positions; in 1, 2 or 3 dimensions.
    fields: positions (of the output, >= 1: a number, or one for each axis as in `7x7`).
    errors: E0202 no grid; E0108 positions; E0204 another number of axes.
    cost:   one flop for each input element.
    source: He et al.: Spatial pyramid pooling, ECCV 2014, section 2.2 (a fixed number of bins); the bounds of a cell
            are those of PyTorch's AdaptiveAvgPool; ONNX has none.

    >>> from cnngraph.ir.types import TensorType
    >>> AdaptiveAvgPool(2).forward(np.array([[[1.0], [3.0], [5.0]]])).ravel()
    array([2., 4.])
    >>> print(AdaptiveAvgPool((7, 7)).infer(TensorType.of(512, (10, 13))))
    512@7x7
    """

    name: ClassVar[str] = "adaptive_avgpool"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def forward(self, x: Array) -> Array:
        y = np.empty((len(x), *self.counts(x.ndim - 2), x.shape[-1]), x.dtype)
        for place, cell in self.cells(x.shape):
            y[place] = x[cell].mean(axis=tuple(range(1, x.ndim - 1)))
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        dx = np.zeros(shapes["x"], dy.dtype)
        for place, cell in self.cells(dx.shape):
            elements = dx[cell].size // dy[place].size
            dx[cell] += np.expand_dims(dy[place] / elements, tuple(range(1, dx.ndim - 1)))
        return dx
