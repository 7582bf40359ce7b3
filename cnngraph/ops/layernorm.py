"""Layer normalization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import (
    Array,
    Cost,
    Onnx,
    Op,
    OpError,
    Sample,
    Saved,
    Shape,
    Weight,
    fixed_channels_of,
    total_bytes,
)
from cnngraph.ir.types import TensorType
from cnngraph.ops.conv import channel_sums


@dataclass(frozen=True)
class LayerNorm(Op):
    """Layer normalization: the features at each position get mean 0 and variance 1, then a learned scale and shift.

        y[..., c] = (x[..., c] - mean(x[...])) / sqrt(variance(x[...]) + epsilon) * scale[c] + shift[c]

    shapes: c@positions -> the same, or c -> c.  The variance has the divisor c.
    fields: epsilon (> 0).
    errors: E0204 the number of features is not fixed; E0108 epsilon.
    cost:   7 flops for each element.
    source: Ba, Kiros, Hinton: Layer normalization, 2016, equation 4; ONNX LayerNormalization-17.

    >>> LayerNorm().forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2)).round(3)
    array([[-1.,  1.]])
    """

    epsilon: float = 1e-5

    name: ClassVar[str] = "layernorm"
    weights: ClassVar[tuple[str, ...]] = ("scale", "shift")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x", "scale"), "scale": ("x",), "shift": ()}

    def infer(self, x: TensorType) -> TensorType:
        fixed_channels_of(self.name, x)
        if not self.epsilon > 0:
            raise OpError("E0108", f"the epsilon of layernorm must be above 0, not {self.epsilon}")
        return x

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        each = TensorType((fixed_channels_of(self.name, x),), x.dtype)
        return {"scale": Weight(each, "ones"), "shift": Weight(each, "zeros")}

    def forward(self, x: Array, scale: Array, shift: Array) -> Array:
        return np.asarray(normal(x, self.epsilon)[0] * scale + shift)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        if wanted == "shift":
            return channel_sums(dy)
        y, inverse = normal(saved["x"], self.epsilon)
        if wanted == "scale":
            return channel_sums(dy * y)
        return normal_gradient(dy * saved["scale"], y, inverse)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(7 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("LayerNormalization", 17, {"axis": -1, "epsilon": self.epsilon})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(5, (4, 3)),)),
            Sample(cls(), (TensorType.of(4, (7,)),)),
            Sample(cls(1e-2), (TensorType.of(6),), batch=3),
        )


def normal(x: Array, epsilon: float) -> tuple[Array, Array]:
    """x with mean 0 and variance 1 along its last axis, and 1 / sqrt(variance + epsilon) of before, (..., 1)."""
    centred = x - x.mean(axis=-1, keepdims=True)
    inverse = 1 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + x.dtype.type(epsilon))
    return centred * inverse, inverse


def normal_gradient(dy: Array, y: Array, inverse: Array) -> Array:
    """The gradient by x, from the one by y, for `y, inverse = normal(x)`."""
    mean, slope = dy.mean(axis=-1, keepdims=True), (dy * y).mean(axis=-1, keepdims=True)
    dx: Array = (dy - mean - y * slope) * inverse
    return dx
