"""One number of all values: their sum, each times a weight that is fed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class WeightedSum(Op):
    """The sum of all values, each times a weight: y = sum weight * x, over batch, positions and channels.

    Its gradient by x is the weight, so that one graph gives the gradient of any unit, channel or class of a layer: by
    weights that are 1 there and 0 elsewhere. The samples of a batch stay apart.

    shapes: any, weight the same -> scalar.
    errors: E0204 where the shapes differ, or ids.
    cost:   two flops for each element.
    source: Simonyan, Vedaldi, Zisserman: Deep inside convolutional networks, 2013, section 3 (the class score).

    >>> WeightedSum().forward(np.array([[1.0, 2.0, 3.0]]), np.array([[0.0, 10.0, 1.0]]))
    array(23.)
    """

    name: ClassVar[str] = "weighted_sum"
    operands: ClassVar[tuple[str, ...]] = ("x", "weight")
    internal: ClassVar[bool] = True
    gathers: ClassVar[bool] = True
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("weight",)}

    def infer(self, x: TensorType, weight: TensorType) -> TensorType:
        refuse_ids(self.name, x, weight)
        if x != weight:
            raise OpError("E0204", f"weighted_sum needs a weight for each value of {x}, not {weight}", operand=1)
        return TensorType((), x.dtype)

    def forward(self, x: Array, weight: Array) -> Array:
        return np.asarray(np.einsum("i,i->", x.reshape(-1), weight.reshape(-1)))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.asarray(dy * saved["weight"])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(2 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        kinds = (TensorType.of(3), TensorType.of(4, (5, 6)))
        return tuple(Sample(cls(), (kind, kind), batch=3) for kind in kinds)
