"""Global average pooling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Onnx, Saved, Shape
from cnngraph.ops.pool import GlobalPool


@dataclass(frozen=True)
class GlobalAvgPool(GlobalPool):
    """Global average pooling: the mean over all positions, y[n, c] = mean_p x[n, p, c].

    shapes: c@positions -> c, for positions of any number and size.
    errors: E0202 no grid.
    cost:   one flop for each input element.
    source: Lin, Chen, Yan: Network in network, 2013, section 3.2; ONNX GlobalAveragePool-22.

    >>> from cnngraph.ir.types import TensorType
    >>> print(GlobalAvgPool().infer(TensorType.of(512, (7, 7))))
    512
    """

    name: ClassVar[str] = "globalavgpool"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def forward(self, x: Array) -> Array:
        y: Array = x.mean(axis=tuple(range(1, x.ndim - 1)))
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        batch, *positions, channels = shapes["x"]
        dx = np.empty((batch, prod(positions), channels), dy.dtype)
        dx[:] = dy[:, None] / prod(positions)
        return dx.reshape(shapes["x"])

    def onnx(self) -> Onnx:
        return Onnx("GlobalAveragePool", 22)
