"""Limits for values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Clip(Op):
    """Limits for values: y = min(max(x, low), high). `clip(0, 6)` is the ReLU6 of the MobileNets.

    shapes: any -> the same.  fields: low, high (low < high).  errors: E0108 the limits; E0204 ids.
    cost:   two flops for each element.
    source: Krizhevsky: Convolutional deep belief networks on CIFAR-10, 2010 (units capped at 6); ONNX Clip-13.

    >>> Clip(0, 6).forward(np.array([-1.0, 2.0, 7.0]))
    array([0., 2., 6.])
    """

    low: float
    high: float

    name: ClassVar[str] = "clip"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("y",)}
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("clip", x)
        if not self.low < self.high:
            raise OpError("E0108", f"clip needs a low limit below the high one, not {self.low} and {self.high}")
        return x

    def forward(self, x: Array) -> Array:
        return np.clip(x, self.low, self.high)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        y = saved["y"]
        return dy * ((y > self.low) & (y < self.high))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(2 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("Clip", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        image, vector = TensorType.of(3, (4, 5)), TensorType.of(4)
        return (Sample(cls(0.0, 0.5), (image,)), Sample(cls(-1.0, 1.5), (vector,), batch=3))
