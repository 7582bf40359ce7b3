"""Softsign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Softsign(Op):
    """Softsign, which nears its limits more slowly than tanh: y = x / (1 + |x|).

    shapes: any -> the same.  errors: E0204 ids.  cost: three flops for each element.
    source: Glorot, Bengio, AISTATS 2010, section 3.1; ONNX Softsign-22.

    >>> Softsign().forward(np.array([-3.0, 0.0, 1.0]))
    array([-0.75,  0.  ,  0.5 ])
    """

    name: ClassVar[str] = "softsign"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids(self.name, x)
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(x / (1 + np.abs(x)))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.asarray(dy / (1 + np.abs(saved["x"])) / (1 + np.abs(saved["x"])))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(3 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("Softsign", 22)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
