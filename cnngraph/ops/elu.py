"""Exponential linear unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Elu(Op):
    """Exponential linear unit: y = x where x > 0, alpha * (exp(x) - 1) elsewhere.

    shapes: any -> the same.  fields: alpha (>= 0, so that y has the sign of x and the gradient needs only y).
    errors: E0108 alpha; E0204 ids.  cost: three flops for each element.
    source: Clevert, Unterthiner, Hochreiter, ICLR 2016, equation 15; ONNX Elu-22.

    >>> Elu().forward(np.array([-1000.0, 2.0]))
    array([-1.,  2.])
    """

    alpha: float = 1.0

    name: ClassVar[str] = "elu"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("y",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("elu", x)
        if not self.alpha >= 0:
            raise OpError("E0108", f"the alpha of elu must be 0 or more, not {self.alpha}")
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0))))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        y = saved["y"]
        return np.asarray(dy * np.where(y > 0, 1, y + self.alpha))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(3 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("Elu", 22, {"alpha": self.alpha})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(0.3), (TensorType.of(4),), batch=3))
