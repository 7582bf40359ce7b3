"""The same values under another shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, channels_of
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Reshape(Op):
    """The values of a sample under another shape, in the same order (channels last: the channel runs fastest).

        y[n, h, w, c] = x[n, i], where i = (h * W + w) * C + c, for a vector x and a shape C@HxW

    shapes: any -> shape, with as many values for each sample.
    fields: shape (written `64@7x7`).
    errors: E0204 another number of values, or ids.  cost: none, nothing moves.
    source: Radford, Metz, Chintala: DCGAN, 2015, figure 1 (project and reshape); ONNX Reshape-21.

    >>> print(Reshape(TensorType.of(64, (7, 7))).infer(TensorType.of(3136)))
    64@7x7
    """

    shape: TensorType

    name: ClassVar[str] = "reshape"
    placed: ClassVar[bool] = True
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        for value in (x, self.shape):
            channels_of(self.name, value)
        needed, given = (prod(t.shape[1:], start=1) for t in (self.shape, x))
        if needed != given:
            message = f"reshape to {self.shape} needs {needed} values, but receives {given}"
            raise OpError("E0204", message if str(x) == str(given) else f"{message} ({x})", operand=0)
        return replace(x, shape=(x.shape[0], *self.shape.shape[1:]))

    def forward(self, x: Array) -> Array:
        return x.reshape(x.shape[0], *(number(size) for size in self.shape.shape[1:]))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return dy.reshape(shapes["x"])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, 0)

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return f"reshape to {self.shape}"

    def field_of_view(self, rank: int) -> None:
        return None

    def onnx(self) -> Onnx:
        return Onnx("Reshape", 21)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(TensorType.of(3, (4, 5))), (TensorType.of(60),)),
            Sample(cls(TensorType.of(8)), (TensorType.of(2, (4,)),), batch=3),
        )
