"""Logistic function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Sigmoid(Op):
    """Logistic function: y = 1 / (1 + exp(-x)).

    shapes: any -> the same.  errors: E0204 ids.  cost: four flops for each element.
    source: Rumelhart, Hinton, Williams, Nature 323, 1986, equation 2; ONNX Sigmoid-13.

    Only exp(-|x|) is computed, which cannot overflow.

    >>> Sigmoid().forward(np.array([0.0, -1000.0, 1000.0]))
    array([0.5, 0. , 1. ])
    """

    name: ClassVar[str] = "sigmoid"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("y",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("sigmoid", x)
        return x

    def forward(self, x: Array) -> Array:
        small = np.exp(-np.abs(x))
        return np.asarray(np.where(x >= 0, 1, small) / (1 + small))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        y = saved["y"]
        return np.asarray(dy * y * (1 - y))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(4 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("Sigmoid", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
