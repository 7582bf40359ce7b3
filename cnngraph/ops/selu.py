"""Scaled exponential linear unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.elu import Elu

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805


@dataclass(frozen=True)
class Selu(Op):
    """Scaled exponential linear unit: y = 1.0507 * x where x > 0, 1.7581 * (exp(x) - 1) elsewhere.

    With these two numbers activations of many layers keep mean 0 and variance 1 (for lecun weights).

    shapes: any -> the same.  errors: E0204 ids.  cost: four flops for each element.
    source: Klambauer, Unterthiner, Mayr, Hochreiter, NIPS 2017, equations 2 and 14; ONNX Selu-22.

    >>> Selu().forward(np.array([-1000.0, 1.0])).round(4)
    array([-1.7581,  1.0507])
    """

    name: ClassVar[str] = "selu"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("y",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("selu", x)
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(SCALE * Elu(ALPHA).forward(x))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        y = saved["y"]
        return np.asarray(dy * np.where(y > 0, SCALE, y + SCALE * ALPHA).astype(dy.dtype))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(4 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("Selu", 22)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
