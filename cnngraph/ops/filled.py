"""A number at every place of a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Filled(Op):
    """A number at every place of a value: y = value, in the shape of x, whose own numbers do not matter.

    The target of a loss that is written as a number, `bce(p, 1)`.

    shapes: any -> the same.  fields: value.  errors: E0204 ids.  cost: no flops, the bytes written.
    source: ONNX Shape-21, then ConstantOfShape-21.

    >>> Filled(1.0).forward(np.array([[7.0, -2.0]]))
    array([[1., 1.]])
    """

    value: float

    name: ClassVar[str] = "filled"
    internal: ClassVar[bool] = True
    stops_gradient: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids(self.name, x)
        return x

    def forward(self, x: Array) -> Array:
        return np.full_like(x, self.value)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(0.5), (TensorType.of(3, (4, 5)),)), Sample(cls(1.0), (TensorType.of(2),), batch=3))
