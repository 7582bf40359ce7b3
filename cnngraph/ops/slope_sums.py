"""What the gradients of a batch normalization need to know of the whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Op, Sample, fixed_channels_of, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.conv import channel_sums


@dataclass(frozen=True)
class SlopeSums(Op):
    """The gradients of a batch normalization by its shift and its scale, for each channel.

        shift = sum(dy),   scale = sum(dy * (x - mean) * inverse)

    over samples and positions; those of a batch are the sums of those of its parts.

    shapes: dy and x c@positions, (c,), (c,) -> (c,), (c,); also c.
    errors: E0204 the number of features is not fixed.  cost: five flops for each element.
    source: Ioffe, Szegedy, ICML 2015, section 3.

    >>> import numpy as np
    >>> x = np.array([[1.0], [5.0]])
    >>> SlopeSums().forward(np.array([[1.0], [2.0]]), x, np.array([3.0]), np.array([0.5]))
    (array([3.]), array([1.]))
    """

    name: ClassVar[str] = "slope_sums"
    operands: ClassVar[tuple[str, ...]] = ("dy", "x", "mean", "inverse")
    outputs: ClassVar[tuple[str, ...]] = ("shift", "scale")
    internal: ClassVar[bool] = True
    gathers: ClassVar[bool] = True

    def infer(self, dy: TensorType, x: TensorType, mean: TensorType, inverse: TensorType) -> tuple[TensorType, ...]:
        each = TensorType((fixed_channels_of(self.name, x),), x.dtype)
        assert dy == x, "slopes like the values"
        assert mean == inverse == each, "two numbers for each channel"
        return each, each

    def forward(self, dy: Array, x: Array, mean: Array, inverse: Array) -> tuple[Array, ...]:
        return channel_sums(dy), channel_sums(dy * (x - mean)) * inverse

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(5 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        image, vector = TensorType.of(3, (4, 5)), TensorType.of(4)
        return (
            Sample(cls(), (image, image, TensorType((3,)), TensorType((3,)))),
            Sample(cls(), (vector, vector, TensorType((4,)), TensorType((4,))), batch=5),
        )
