"""Leaky rectified linear unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class LeakyRelu(Op):
    """Leaky rectified linear unit: y = x where x > 0, slope * x elsewhere.

    shapes: any -> the same.  fields: slope (>= 0, so that y has the sign of x and the gradient needs only y).
    errors: E0108 slope; E0204 ids.  cost: two flops for each element.
    source: Maas, Hannun, Ng, ICML 2013, section 2; ONNX LeakyRelu-16.

    >>> LeakyRelu(0.1).forward(np.array([-1.0, 2.0]))
    array([-0.1,  2. ])
    """

    slope: float = 0.01

    name: ClassVar[str] = "leaky_relu"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("y",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("leaky_relu", x)
        if not self.slope >= 0:
            raise OpError("E0108", f"the slope of leaky_relu must be 0 or more, not {self.slope}")
        return x

    def forward(self, x: Array) -> Array:
        return np.where(x > 0, x, x * self.slope)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.where(saved["y"] > 0, dy, dy * self.slope)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(2 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("LeakyRelu", 16, {"alpha": self.slope})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(0.25), (TensorType.of(4),), batch=3))
