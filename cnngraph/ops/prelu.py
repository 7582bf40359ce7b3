"""Rectified linear unit with a learned slope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, Weight, fixed_channels_of, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.conv import channel_sums


@dataclass(frozen=True)
class Prelu(Op):
    """Rectified linear unit with a learned slope: y = x where x > 0, slope * x elsewhere; each channel has its slope.

    shapes: c@positions -> c@positions, or c -> c.  weights: slope (c), 1/4 at first.
    errors: E0204 ids, or features of no fixed number.  cost: two flops for each element.
    source: He, Zhang, Ren, Sun: Delving deep into rectifiers, ICCV 2015, equation 1; ONNX PRelu-16.

    >>> Prelu().forward(np.array([-1.0, 2.0]), np.array([0.5, 0.5]))
    array([-0.5,  2. ])
    """

    name: ClassVar[str] = "prelu"
    weights: ClassVar[tuple[str, ...]] = ("slope",)
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x", "slope"), "slope": ("x",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        fixed_channels_of(self.name, x)
        return x

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        return {"slope": Weight(TensorType((fixed_channels_of(self.name, x),), x.dtype), "0.25")}

    def forward(self, x: Array, slope: Array) -> Array:
        return np.where(x > 0, x, x * slope)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        x = saved["x"]
        if wanted == "slope":
            return channel_sums(dy * np.minimum(x, 0))
        return np.where(x > 0, dy, dy * saved["slope"])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(2 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("PRelu", 16)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
