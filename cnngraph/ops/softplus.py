"""Smooth rectifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Softplus(Op):
    """Smooth rectifier: y = log(1 + exp(x)).

    shapes: any -> the same.  errors: E0204 ids.  cost: four flops for each element.
    source: Dugas et al., NIPS 2000, section 4; ONNX Softplus-22.

    Only exp(-|x|) is computed, which cannot overflow.

    >>> Softplus().forward(np.array([-1000.0, 0.0, 1000.0])).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+03])
    """

    name: ClassVar[str] = "softplus"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("y",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("softplus", x)
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.asarray(dy * -np.expm1(-saved["y"]))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(4 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("Softplus", 22)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
