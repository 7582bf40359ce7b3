"""Absolute value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Onnx, Op, Sample, Saved, Shape, refuse_ids
from cnngraph.ir.types import TensorType
from cnngraph.ops.sign import signs


@dataclass(frozen=True)
class Abs(Op):
    """Absolute value: y = |x|; its slope at 0 is taken as 0.

    shapes: any -> the same.  errors: E0204 ids.  cost: one flop for each element.  source: ONNX Abs-13.

    >>> Abs().forward(np.array([-1.0, 2.0]))
    array([1., 2.])
    """

    name: ClassVar[str] = "abs"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("abs", x)
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(np.abs(x))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return dy * signs(saved["x"])

    def onnx(self) -> Onnx:
        return Onnx("Abs", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
