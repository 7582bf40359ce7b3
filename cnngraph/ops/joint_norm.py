"""The norm of several arrays together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class JointNorm(Op):
    """The length of several arrays as one vector, from the sum of squares of each: y = sqrt(x0 + x1 + ...).

    The sums are added in the order of the inputs, so the bits do not depend on where they were made.

    shapes: scalars of one type -> the same.
    errors: E0204 another type.
    cost:   one flop for each input.
    source: Pascanu et al.: On the difficulty of training recurrent neural networks, ICML 2013, algorithm 1.

    >>> JointNorm().forward(np.array(9.0), np.array(16.0))
    array(5.)
    """

    name: ClassVar[str] = "joint_norm"
    variadic: ClassVar[bool] = True
    internal: ClassVar[bool] = True

    def infer(self, *inputs: TensorType) -> TensorType:
        for index, x in enumerate(inputs):
            if x.shape or x != inputs[0]:
                raise OpError("E0204", f"joint_norm adds single numbers of one type, not {x} {x.dtype}", operand=index)
        return inputs[0]

    def forward(self, *inputs: Array) -> Array:
        return np.asarray(np.sqrt(sum(float(x) for x in inputs)), inputs[0].dtype)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(len(inputs), total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        scalar, positive = TensorType((), "float64"), (0.1, 1.0)
        return tuple(Sample(cls(), (scalar,) * count, domain=positive) for count in (1, 3))
