"""A line for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Op, Sample, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Affine(Op):
    """A line for each channel, the same at every position: y = x * a + b.

    shapes: c@positions, (c,), (c,) -> c@positions; also c and weights (..., c).
    cost:   two flops for each element.  source: Ioffe, Szegedy, ICML 2015, algorithm 2, step 11.

    >>> import numpy as np
    >>> Affine().forward(np.array([[1.0, 2.0]]), np.array([10.0, 1.0]), np.array([0.5, 0.0]))
    array([[10.5,  2. ]])
    """

    name: ClassVar[str] = "affine"
    operands: ClassVar[tuple[str, ...]] = ("x", "a", "b")
    internal: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType, a: TensorType, b: TensorType) -> TensorType:
        assert a.shape == b.shape == x.shape[-1:], "a line for each channel"
        return x

    def forward(self, x: Array, a: Array, b: Array) -> Array:
        y: Array = x * a
        y += b
        return y

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(2 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(3, (4, 5)), TensorType((3,)), TensorType((3,)))),
            Sample(cls(), (TensorType.of(6), TensorType((6,)), TensorType((6,))), batch=4),
        )
