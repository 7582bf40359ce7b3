"""Piecewise quadratic SiLU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.hard_sigmoid import HardSigmoid


@dataclass(frozen=True)
class HardSwish(Op):
    """Piecewise quadratic form of SiLU: y = x * min(max(x / 6 + 1/2, 0), 1).

    shapes: any -> the same.  errors: E0204 ids.  cost: five flops for each element.
    source: Howard et al.: Searching for MobileNetV3, ICCV 2019, section 5.2; ONNX HardSwish-22.

    >>> HardSwish().forward(np.array([-4.0, 1.5, 4.0]))
    array([-0.   ,  1.125,  4.   ])
    """

    name: ClassVar[str] = "hard_swish"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("hard_swish", x)
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(x * HardSigmoid().forward(x))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        x = saved["x"]
        slope = np.where(np.abs(x) < 3, x / 3 + 0.5, x >= 3)
        return np.asarray(dy * slope.astype(dy.dtype))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(5 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("HardSwish", 22)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
