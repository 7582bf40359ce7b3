"""What a batch normalization makes of the moments of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, total_bytes
from cnngraph.ir.size import Dim, number
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class BatchLine(Op):
    """The line y = x * a + b that normalizes a batch by its moments, and the next running ones, for each channel.

        inverse = 1 / sqrt(variance + epsilon),   a = scale * inverse,   b = shift - mean * a
        next    = momentum * running + (1 - momentum) * that of the batch     (the variance times m / (m - 1))

    shapes: six of (c,) -> five of (c,).
    fields: count (m: numbers of each channel in the batch); epsilon; momentum.
    cost:   twelve flops for each channel.
    source: Ioffe, Szegedy, ICML 2015, algorithms 1 and 2; the formulas of `batchnorm`.

    >>> one = np.ones(1)
    >>> BatchLine(2, 1.0, 0.5).forward(2 * one, 3 * one, 6 * one, one, one, one)
    (array([3.]), array([-5.]), array([0.5]), array([1.5]), array([3.5]))
    """

    count: Dim
    epsilon: float = 1e-5
    momentum: float = 0.9

    name: ClassVar[str] = "batch_line"
    operands: ClassVar[tuple[str, ...]] = ("mean", "variance", "scale", "shift", "running_mean", "running_variance")
    outputs: ClassVar[tuple[str, ...]] = ("a", "b", "inverse", "next_mean", "next_variance")
    internal: ClassVar[bool] = True

    def infer(self, *vectors: TensorType) -> tuple[TensorType, ...]:
        assert len(set(vectors)) == 1, "six numbers for each channel"
        return (vectors[0],) * 5

    def forward(self, *vectors: Array) -> tuple[Array, ...]:
        mean, variance, scale, shift, running_mean, running_variance = vectors
        inverse = 1 / np.sqrt(variance + self.epsilon)
        a = scale * inverse
        unbiased = variance * (number(self.count) / max(number(self.count) - 1, 1))
        return (
            a,
            shift - mean * a,
            inverse,
            self.momentum * running_mean + (1 - self.momentum) * mean,
            self.momentum * running_variance + (1 - self.momentum) * unbiased,
        )

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(12 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(40), (TensorType((5,)),) * 6, domain=(0.5, 2.0)),
            Sample(cls(1, 1e-3, 0.5), (TensorType((2,)),) * 6, domain=(0.5, 2.0)),
        )
