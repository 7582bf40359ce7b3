"""Mean and variance of each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Op, Sample, fixed_channels_of, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.conv import channel_sums, matrix


@dataclass(frozen=True)
class Moments(Op):
    """Mean and variance of each channel, over samples and positions; the variance with as many as there are as divisor.

        mean = sum(x) / m,   variance = sum((x - mean)^2) / m

    Those of a batch follow from those of its parts, which are taken in their order. Of n samples seen and k more:

        mean += d * k / (n + k),   variance = (n * variance + k * that of the part + d^2 * n * k / (n + k)) / (n + k)

    where d is the mean of the part minus the mean so far.

    shapes: c@positions -> (c,), (c,); also c.  errors: E0204 the number of features is not fixed.
    cost:   four flops for each element.
    source: Chan, Golub, LeVeque: Algorithms for computing the sample variance, The American Statistician 37(3), 1983,
            equations 1.3 and 2.1.

    >>> import numpy as np
    >>> Moments().forward(np.array([[1.0], [2.0], [6.0]]))
    (array([3.]), array([4.66666667]))
    >>> Moments().combine([np.array([[1.5], [6.0]]), np.array([[0.25], [0.0]])], [2, 1])
    (array([3.]), array([4.66666667]))
    """

    name: ClassVar[str] = "moments"
    outputs: ClassVar[tuple[str, ...]] = ("mean", "variance")
    internal: ClassVar[bool] = True
    gathers: ClassVar[bool] = True

    def infer(self, x: TensorType) -> tuple[TensorType, ...]:
        each = TensorType((fixed_channels_of(self.name, x),), x.dtype)
        return each, each

    def forward(self, x: Array) -> tuple[Array, ...]:
        count = matrix(x).shape[0]
        mean = channel_sums(x) / count
        centred = x - mean
        return mean, channel_sums(centred * centred) / count

    def combine(self, parts: Sequence[Array], samples: Sequence[int]) -> tuple[Array, ...]:
        means, variances = parts  # (parts, C)
        mean, variance, seen = means[0], variances[0], samples[0]
        for next_mean, next_variance, more in zip(means[1:], variances[1:], samples[1:], strict=True):
            old, new = seen / (seen + more), more / (seen + more)
            away = next_mean - mean
            mean = mean + away * new
            variance = old * variance + new * next_variance + away * away * (old * new)
            seen += more
        return mean, variance

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(4 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=5))
