"""The gradient of a batch normalization by its input, as a plane for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Op, Sample, total_bytes
from cnngraph.ir.size import Dim, number
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class SlopePlane(Op):
    """The plane dx = dy * p + x * q + r of each channel that `plane` draws, from the sums over the batch.

        dx = (dy - (shift + (x - mean) * inverse * slope) / m) * scale * inverse,   shift, slope: of `slope_sums`
        p  = scale * inverse,   q = -p * inverse * slope / m,   r = -p * shift / m - mean * q

    shapes: five of (c,) -> three of (c,).  fields: count (m: numbers of each channel in the batch).
    cost:   eight flops for each channel.
    source: Ioffe, Szegedy, ICML 2015, section 3, sorted by what the values are multiplied with.

    >>> import numpy as np
    >>> one = np.ones(1)
    >>> SlopePlane(2).forward(4 * one, 2 * one, one, 3 * one, 0.5 * one)
    (array([0.5]), array([-0.25]), array([-0.25]))
    """

    count: Dim

    name: ClassVar[str] = "slope_plane"
    operands: ClassVar[tuple[str, ...]] = ("shift", "slope", "scale", "mean", "inverse")
    outputs: ClassVar[tuple[str, ...]] = ("p", "q", "r")
    internal: ClassVar[bool] = True

    def infer(self, *vectors: TensorType) -> tuple[TensorType, ...]:
        assert len(set(vectors)) == 1, "five numbers for each channel"
        return (vectors[0],) * 3

    def forward(self, *vectors: Array) -> tuple[Array, ...]:
        shift, slope, scale, mean, inverse = vectors
        count = number(self.count)
        p = scale * inverse
        q = -p * inverse * slope / count
        return p, q, -p * shift / count - mean * q

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(8 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(40), (TensorType((5,)),) * 5), Sample(cls(1), (TensorType((2,)),) * 5))
