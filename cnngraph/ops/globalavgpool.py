"""Global average pooling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, total_bytes, total_elements
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import require_grid


@dataclass(frozen=True)
class GlobalAvgPool(Op):
    """Global average pooling: the mean over all positions, y[n, c] = mean_p x[n, p, c].

    shapes: c@positions -> c, for positions of any number and size.
    errors: E0202 no grid.
    cost:   one flop for each input element.
    source: Lin, Chen, Yan: Network in network, 2013, section 3.2; ONNX GlobalAveragePool-22.

    >>> print(GlobalAvgPool().infer(TensorType.of(512, (7, 7))))
    512
    """

    name: ClassVar[str] = "globalavgpool"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        require_grid(self.name, x)
        return x.known(positions=())

    def forward(self, x: Array) -> Array:
        y: Array = x.mean(axis=tuple(range(1, x.ndim - 1)))
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        batch, *positions, channels = shapes["x"]
        dx = np.empty((batch, prod(positions), channels), dy.dtype)
        dx[:] = dy[:, None] / prod(positions)
        return dx.reshape(shapes["x"])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(total_elements(inputs), total_bytes(inputs) + total_bytes(outputs))

    def field_of_view(self, rank: int) -> None:
        return None

    def onnx(self) -> Onnx:
        return Onnx("GlobalAveragePool", 22)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return tuple(Sample(cls(), (TensorType.of(3, positions),)) for positions in ((5,), (4, 6), (2, 4, 5)))
