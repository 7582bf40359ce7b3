"""The sum of squares of all numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class SquareSum(Op):
    """The sum of squares of all numbers of a gradient, on the way to the norm of all gradients.

    shapes: any -> scalar, always float64: the square of a float32 may be beyond float32.
    errors: E0204 ids.
    cost:   two flops for each element.
    source: Pascanu et al.: On the difficulty of training recurrent neural networks, ICML 2013, algorithm 1.

    >>> SquareSum().forward(np.array([[3e30, 4e30]], np.float32)).round(-54)
    np.float64(2.5e+61)
    """

    name: ClassVar[str] = "square_sum"
    internal: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("square_sum", x)
        return TensorType((), "float64")

    def forward(self, x: Array) -> Array:
        flat = x.reshape(-1)
        return np.asarray(np.einsum("i,i->", flat, flat, dtype=np.float64))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(2 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType((3, 4, 5)),)), Sample(cls(), (TensorType(()),)))
