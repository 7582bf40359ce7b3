"""Hyperbolic tangent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Onnx, Op, Sample, Saved, Shape, refuse_ids
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Tanh(Op):
    """Hyperbolic tangent: y = tanh(x).

    shapes: any -> the same.  errors: E0204 ids.  cost: one flop for each element.
    source: LeCun et al., Efficient BackProp, 1998, section 4.4; ONNX Tanh-13.

    >>> Tanh().forward(np.array([0.0, 100.0]))
    array([0., 1.])
    """

    name: ClassVar[str] = "tanh"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("y",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("tanh", x)
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(np.tanh(x))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.asarray(dy * (1 - np.square(saved["y"])))

    def onnx(self) -> Onnx:
        return Onnx("Tanh", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
