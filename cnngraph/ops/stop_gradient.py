"""The same value, without a gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class StopGradient(Op):
    """The same value, which the loss takes for a constant: y = x, dx = 0.

    Nothing is computed for the gradient: what only this node reads has none.

    shapes: any -> the same.  cost: none, nothing moves.
    source: Chen, He: Exploring simple Siamese representation learning, CVPR 2021, section 3; ONNX Identity-19.

    >>> print(StopGradient().infer(TensorType.of(64, (56, 56))))
    64@56x56
    """

    name: ClassVar[str] = "stop_gradient"
    stops_gradient: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        return x

    def forward(self, x: Array) -> Array:
        return x

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, 0)

    def onnx(self) -> Onnx:
        return Onnx("Identity", 19)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.ids(7, (4,)),), batch=3))
