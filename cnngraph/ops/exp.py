"""Exponential function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Onnx, Op, Sample, Saved, Shape, refuse_ids
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Exp(Op):
    """Exponential function: y = e ** x.

    shapes: any -> the same.  errors: E0204 ids.  cost: one flop for each element.
    source: Kingma, Welling: Auto-encoding variational Bayes, 2014, section 3 (a deviation from its logarithm);
            ONNX Exp-13.

    >>> Exp().forward(np.array([0.0, 1.0])).round(4)
    array([1.    , 2.7183])
    """

    name: ClassVar[str] = "exp"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("y",)}
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids(self.name, x)
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(np.exp(x))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.asarray(dy * saved["y"])

    def onnx(self) -> Onnx:
        return Onnx("Exp", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))
