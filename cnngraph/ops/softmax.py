"""Softmax over the channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, channels_of, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Softmax(Op):
    """Softmax over the channels, at each position by itself.

        y[..., k] = exp(x[..., k] - m) / sum_j exp(x[..., j] - m),    m = max_j x[..., j]

    shapes: c@positions -> the same.  errors: E0204 ids, or a scalar.  cost: five flops for each element.
    source: Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990; ONNX Softmax-13
            (axis 1 in the order of ONNX, where the channels follow the batch).

    >>> Softmax().forward(np.array([[1000.0, 1000.0]]))
    array([[0.5, 0.5]])
    """

    name: ClassVar[str] = "softmax"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("y",)}
    activation: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        channels_of("softmax", x)
        return x

    def forward(self, x: Array) -> Array:
        powers = np.exp(x - x.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        y = saved["y"]
        return np.asarray(y * (dy - (dy * y).sum(axis=-1, keepdims=True)))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(5 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("Softmax", 13, {"axis": 1})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
