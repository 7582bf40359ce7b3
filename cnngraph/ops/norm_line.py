"""A batch normalization as a line for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class NormLine(Op):
    """The line y = x * a + b of each channel that normalizes by a known mean and variance; `affine` draws it.

        a = scale / sqrt(variance + epsilon),   b = shift - mean * a

    shapes: four of (c,) -> (c,), (c,).  fields: epsilon (> 0).  cost: five flops for each channel.
    source: Ioffe, Szegedy, ICML 2015, algorithm 2, step 11.

    >>> NormLine(1.0).forward(*(np.array([number]) for number in (6.0, 1.0, 2.0, 3.0)))
    (array([3.]), array([-5.]))
    """

    epsilon: float = 1e-5

    name: ClassVar[str] = "norm_line"
    operands: ClassVar[tuple[str, ...]] = ("scale", "shift", "mean", "variance")
    outputs: ClassVar[tuple[str, ...]] = ("a", "b")
    internal: ClassVar[bool] = True

    def infer(self, *vectors: TensorType) -> tuple[TensorType, ...]:
        assert len(set(vectors)) == 1, "four numbers for each channel"
        return vectors[0], vectors[0]

    def forward(self, scale: Array, shift: Array, mean: Array, variance: Array) -> tuple[Array, ...]:
        return line(scale, shift, mean, variance, self.epsilon)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(5 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType((5,)),) * 4), Sample(cls(1e-3), (TensorType((2,)),) * 4))


def line(scale: Array, shift: Array, mean: Array, variance: Array, epsilon: float) -> tuple[Array, Array]:
    """a and b of y = x * a + b = (x - mean) / sqrt(variance + epsilon) * scale + shift."""
    a = scale / np.sqrt(variance + epsilon)
    return a, shift - mean * a
