"""Piecewise linear sigmoid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class HardSigmoid(Op):
    """Piecewise linear sigmoid: y = min(max(x / 6 + 1/2, 0), 1).

    shapes: any -> the same.  errors: E0204 ids.  cost: four flops for each element.
    source: Howard et al.: Searching for MobileNetV3, ICCV 2019, section 5.2; ONNX HardSigmoid-22.

    >>> HardSigmoid().forward(np.array([-4.0, 0.0, 1.5, 4.0]))
    array([0.  , 0.5 , 0.75, 1.  ])
    """

    name: ClassVar[str] = "hard_sigmoid"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("y",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("hard_sigmoid", x)
        return x

    def forward(self, x: Array) -> Array:
        return np.clip(x / 6 + 0.5, 0, 1)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        y = saved["y"]
        return np.asarray(dy * ((y > 0) & (y < 1)) / 6)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(4 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("HardSigmoid", 22, {"alpha": 1 / 6, "beta": 0.5})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
