"""Mish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.sigmoid import Sigmoid
from cnngraph.ops.softplus import Softplus


@dataclass(frozen=True)
class Mish(Op):
    """Mish, the activation of YOLOv4: y = x * tanh(log(1 + exp(x))).

    shapes: any -> the same.  errors: E0204 ids.  cost: seven flops for each element.
    source: Misra, Mish, BMVC 2020, equation 1; Bochkovskiy, Wang, Liao, YOLOv4, 2020; ONNX Mish-22.

    >>> Mish().forward(np.array([-3.0, 0.0, 1.0, 5.0])).round(4)
    array([-0.1456,  0.    ,  0.8651,  4.9996])
    """

    name: ClassVar[str] = "mish"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids(self.name, x)
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(x * np.tanh(Softplus().forward(x)))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        x = saved["x"]
        gate = np.tanh(Softplus().forward(x))
        return np.asarray(dy * (gate + x * (1 - gate * gate) * Sigmoid().forward(x)))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(7 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(16 * outputs[0].elements, 2 * total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("Mish", 22)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
