"""The same value, with the gradient turned round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class ReverseGradient(Op):
    """The same value; the gradient comes back with the opposite sign: y = x, dx = -weight * dy.

    What stands before it learns to make the loss behind it larger: an adversary in one network, in one step.

    shapes: any -> the same.  fields: weight (>= 0: how much the adversary matters; 0 stops the gradient).
    errors: E0108 weight; E0204 ids.  cost: none; one flop for each element of the gradient.
    source: Ganin, Lempitsky: Unsupervised domain adaptation by backpropagation, ICML 2015, section 3.2; ONNX
            Identity-19.

    >>> ReverseGradient(0.5).vjp("x", np.array([1.0, -4.0]), {}, {"x": (2,)})
    array([-0.5,  2. ])
    """

    weight: float = 1.0

    name: ClassVar[str] = "reverse_gradient"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}
    chosen_gradient: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids(self.name, x)
        if not self.weight >= 0:
            raise OpError("E0108", f"the weight of reverse_gradient must be 0 or more, not {self.weight}")
        return x

    def forward(self, x: Array) -> Array:
        return x

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.asarray(dy * -self.weight)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, 0)

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("Identity", 19)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(0.25), (TensorType.of(4),), batch=3))
