"""Error function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erf, pi, sqrt
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.gelu import normal_distribution


@dataclass(frozen=True)
class Erf(Op):
    """Error function: y = 2 / sqrt(pi) * the integral of exp(-t ** 2) from 0 to x, from -1 to 1.

    shapes: any -> the same.  errors: E0204 ids.  cost: 20 flops for each element.
    source: Hendrycks, Gimpel: Gaussian error linear units, 2016, section 2; ONNX Erf-13.

    >>> Erf().forward(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.8427,  0.    ,  0.8427])
    """

    name: ClassVar[str] = "erf"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids(self.name, x)
        return x

    def forward(self, x: Array) -> Array:
        if x.dtype == np.float64:
            return np.fromiter(map(erf, x.ravel().tolist()), x.dtype, x.size).reshape(x.shape)
        return np.asarray(2 * normal_distribution(x * x.dtype.type(sqrt(2))) - 1)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        x = saved["x"]
        return np.asarray(dy * (np.exp(-x * x) * (2 / sqrt(pi))))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(20 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("Erf", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
