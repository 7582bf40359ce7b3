"""Sigmoid-weighted linear unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.sigmoid import Sigmoid


@dataclass(frozen=True)
class Silu(Op):
    """Sigmoid-weighted linear unit, also called swish: y = x * sigmoid(x).

    shapes: any -> the same.  errors: E0204 ids.  cost: five flops for each element.
    source: Elfwing, Uchibe, Doya, Neural Networks 107, 2018, equation 5; Ramachandran, Zoph, Le, 2017 (swish);
            ONNX Swish-24.

    >>> Silu().forward(np.array([-1000.0, 0.0, 1000.0]))
    array([  -0.,    0., 1000.])
    """

    name: ClassVar[str] = "silu"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("silu", x)
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(x * Sigmoid().forward(x))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        x = saved["x"]
        s = Sigmoid().forward(x)
        return np.asarray(dy * s * (1 + x * (1 - s)))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(5 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("Swish", 24)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
