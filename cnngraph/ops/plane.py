"""A plane over two values for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Op, Sample, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Plane(Op):
    """A plane for each channel, the same at every position: y = dy * p + x * q + r.

    shapes: dy and x c@positions, three of (c,) -> c@positions; also c.
    cost:   four flops for each element.  source: Ioffe, Szegedy, ICML 2015, section 3 (the gradient of what they add).

    >>> import numpy as np
    >>> Plane().forward(*(np.array([[v]]) for v in (1.0, 2.0)), *(np.array([v]) for v in (3.0, 4.0, 5.0)))
    array([[16.]])
    """

    name: ClassVar[str] = "plane"
    operands: ClassVar[tuple[str, ...]] = ("dy", "x", "p", "q", "r")
    internal: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, dy: TensorType, x: TensorType, p: TensorType, q: TensorType, r: TensorType) -> TensorType:
        assert dy == x, "slopes like the values"
        assert p.shape == q.shape == r.shape == x.shape[-1:], "a plane for each channel"
        return x

    def forward(self, dy: Array, x: Array, p: Array, q: Array, r: Array) -> Array:
        y: Array = x * q
        y += r
        y += dy * p
        return y

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(4 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        image, vector = TensorType.of(3, (4, 5)), TensorType.of(4)
        return (
            Sample(cls(), (image, image, *(TensorType((3,)),) * 3)),
            Sample(cls(), (vector, vector, *(TensorType((4,)),) * 3), batch=3),
        )
