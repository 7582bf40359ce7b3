"""Addition of a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Op, Sample, Saved, Shape, refuse_ids
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Shift(Op):
    """Addition of a number: y = x + amount.

    shapes: any, also weights and scalars -> the same.  fields: amount (any number).
    errors: E0204 ids.  cost: one flop for each element.
    source: ONNX Add-14 with a constant.

    >>> Shift(-2.0).forward(np.array([1.0, 3.0]))
    array([-1.,  1.])
    """

    amount: float

    name: ClassVar[str] = "shift"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("shift", x)
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(x + self.amount)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return dy

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        kinds = (TensorType.of(3, (4, 5)), TensorType((4, 3)), TensorType(()))
        return tuple(Sample(cls(0.5), (kind,)) for kind in kinds)
