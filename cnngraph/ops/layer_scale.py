"""A learned factor for each feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Op, Sample, Saved, Shape, Weight, fixed_channels_of
from cnngraph.ir.types import TensorType
from cnngraph.ops.conv import channel_sums


@dataclass(frozen=True)
class LayerScale(Op):
    """A learned factor for each feature, the same at every position: y[..., c] = x[..., c] * weight[c].

    At the end of a residual branch it begins near 0, so that a deep network begins near the identity.

    shapes: c@positions -> the same, or c -> c.
    fields: initial (the first value of every factor).
    errors: E0204 the number of features is not fixed.  cost: one flop for each element.
    source: Touvron et al.: Going deeper with image transformers, ICCV 2021, equation 3; ONNX Mul-14.

    >>> LayerScale().forward(np.ones((1, 2)), np.array([0.5, 2.0]))
    array([[0.5, 2. ]])
    """

    initial: float = 1e-6

    name: ClassVar[str] = "layer_scale"
    weights: ClassVar[tuple[str, ...]] = ("weight",)
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("weight",), "weight": ("x",)}
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        fixed_channels_of(self.name, x)
        return x

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        return {"weight": Weight(TensorType((fixed_channels_of(self.name, x),), x.dtype), str(self.initial))}

    def forward(self, x: Array, weight: Array) -> Array:
        return np.asarray(x * weight)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        if wanted == "weight":
            return channel_sums(dy * saved["x"])
        return np.asarray(dy * saved["weight"])

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(0.1), (TensorType.of(6),), batch=4))
