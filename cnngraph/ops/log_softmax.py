"""Logarithms of a softmax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, channels_of, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class LogSoftmax(Op):
    """Logarithms of a softmax over the channels, at each position by itself.

        y[..., k] = (x[..., k] - m) - log sum_j exp(x[..., j] - m),    m = max_j x[..., j]

    shapes: c@positions -> the same.  errors: E0204 ids, or a scalar.  cost: five flops for each element.
    source: Bishop, Pattern Recognition and Machine Learning, 2006, equation 4.104; ONNX LogSoftmax-13 (axis 1 in the
            order of ONNX).

    Exact where the probability itself rounds to 0. As an output: `cross_entropy` takes the probabilities of `softmax`,
    and training takes their logarithm just so.

    >>> LogSoftmax().forward(np.array([[0.0, 1000.0]]))
    array([[-1000.,     0.]])
    """

    name: ClassVar[str] = "log_softmax"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("y",)}
    activation: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        channels_of(self.name, x)
        return x

    def forward(self, x: Array) -> Array:
        shifted = x - x.max(axis=-1, keepdims=True)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.asarray(dy - np.exp(saved["y"]) * dy.sum(axis=-1, keepdims=True))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(5 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("LogSoftmax", 13, {"axis": 1})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
