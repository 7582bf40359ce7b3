"""Multiplication by a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Op, Sample, Saved, Shape, refuse_ids
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Scale(Op):
    """Multiplication by a number: y = x * factor.

    shapes: any, also weights and scalars -> the same.  fields: factor (any number).
    errors: E0204 ids.  cost: one flop for each element.
    source: ONNX Mul-14 with a constant.

    >>> Scale(-2.0).forward(np.array([1.0, 3.0]))
    array([-2., -6.])
    """

    factor: float

    name: ClassVar[str] = "scale"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("scale", x)
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(x * self.factor)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.asarray(dy * self.factor)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        kinds = (TensorType.of(3, (4, 5)), TensorType((4, 3)), TensorType(()))
        return tuple(Sample(cls(-1.5), (kind,)) for kind in kinds)
