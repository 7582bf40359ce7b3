"""Cosine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Onnx, Op, Sample, Saved, Shape, refuse_ids
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Cos(Op):
    """Cosine of an angle in radians: y = cos(x).

    shapes: any -> the same.  errors: E0204 ids.  cost: one flop for each element.
    source: Mildenhall et al.: NeRF, ECCV 2020, equation 4 (a position as waves); ONNX Cos-7.

    >>> Cos().forward(np.array([0.0, 1.0])).round(4)
    array([1.    , 0.5403])
    """

    name: ClassVar[str] = "cos"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids(self.name, x)
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(np.cos(x))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.asarray(dy * -np.sin(saved["x"]))

    def onnx(self) -> Onnx:
        return Onnx("Cos", 7)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
