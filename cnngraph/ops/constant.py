"""A number as a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Constant(Op):
    """A number as a value: y = value.

    shapes: () -> scalar.  fields: value; dtype.  cost: the bytes written.  source: ONNX Constant-13.

    >>> Constant(0.5).forward()
    array(0.5, dtype=float32)
    """

    value: float
    dtype: str = "float32"

    name: ClassVar[str] = "constant"
    operands: ClassVar[tuple[str, ...]] = ()
    internal: ClassVar[bool] = True

    def infer(self) -> TensorType:
        return TensorType((), self.dtype)

    def forward(self) -> Array:
        return np.array(self.value, self.dtype)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(outputs))

    def onnx(self) -> Onnx | None:
        return None if self.dtype != "float32" else Onnx("Constant", 13, {"value_float": self.value})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(0.5), ()),)
