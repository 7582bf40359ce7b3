"""Rectified linear unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Onnx, Op, Sample, Saved, Shape, refuse_ids
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Relu(Op):
    """Rectified linear unit: y = max(x, 0).

    shapes: any -> the same.  errors: E0204 ids.  cost: one flop for each element.
    source: Nair, Hinton, ICML 2010; ONNX Relu-14.

    >>> Relu().forward(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    name: ClassVar[str] = "relu"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("y",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("relu", x)
        return x

    def forward(self, x: Array) -> Array:
        return np.maximum(x, 0)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.asarray(dy * (saved["y"] != 0))  # above 0, or no number, which passes as in PyTorch

    def onnx(self) -> Onnx:
        return Onnx("Relu", 14)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)),)
