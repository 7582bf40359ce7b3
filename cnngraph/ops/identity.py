"""The same value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Identity(Op):
    """The same value: y = x. The shortcut of a residual block.

    shapes: any -> the same.  cost: none, nothing moves.  source: He et al., CVPR 2016, section 3.2; ONNX Identity-19.

    >>> print(Identity().infer(TensorType.of(64, (56, 56))))
    64@56x56
    """

    name: ClassVar[str] = "identity"
    placed: ClassVar[bool] = True
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        return x

    def forward(self, x: Array) -> Array:
        return x

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return dy

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, 0)

    def onnx(self) -> Onnx:
        return Onnx("Identity", 19)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)),)
