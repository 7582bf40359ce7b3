"""Normalization by the root of the mean square."""

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
class RmsNorm(Op):
    """The features at each position get a mean square of 1, then a learned scale.

        y[..., c] = x[..., c] / sqrt(mean_c(x[..., c] ** 2) + epsilon) * scale[c]

    shapes: c@positions -> the same, or c -> c.
    fields: epsilon (> 0).
    errors: E0204 the number of features is not fixed; E0108 epsilon.
    cost:   5 flops for each element.
    source: Zhang, Sennrich: Root mean square layer normalization, NeurIPS 2019, equation 4; ONNX RMSNormalization-23.

    >>> RmsNorm().forward(np.array([[3.0, 4.0]]), np.ones(2)).round(3)
    array([[0.849, 1.131]])
    """

    epsilon: float = 1e-5

    name: ClassVar[str] = "rmsnorm"
    weights: ClassVar[tuple[str, ...]] = ("scale",)
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x", "scale"), "scale": ("x",)}

    def infer(self, x: TensorType) -> TensorType:
        fixed_channels_of(self.name, x)
        if not self.epsilon > 0:
            raise OpError("E0108", f"the epsilon of rmsnorm must be above 0, not {self.epsilon}")
        return x

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        return {"scale": Weight(TensorType((fixed_channels_of(self.name, x),), x.dtype), "ones")}

    def forward(self, x: Array, scale: Array) -> Array:
        return np.asarray(x * self._inverse(x) * scale)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        inverse = self._inverse(saved["x"])
        y = saved["x"] * inverse
        if wanted == "scale":
            return channel_sums(dy * y)
        dy = dy * saved["scale"]
        return np.asarray((dy - y * (dy * y).mean(axis=-1, keepdims=True)) * inverse)

    def _inverse(self, x: Array) -> Array:
        """1 / sqrt(mean square + epsilon) at each position: (N, positions..., 1)."""
        return np.asarray(1 / np.sqrt((x * x).mean(axis=-1, keepdims=True) + x.dtype.type(self.epsilon)))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(5 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("RMSNormalization", 23, {"axis": -1, "epsilon": self.epsilon})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(5, (4, 3)),)),
            Sample(cls(), (TensorType.of(4, (7,)),)),
            Sample(cls(1e-2), (TensorType.of(6),), batch=3),
        )
