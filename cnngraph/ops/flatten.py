"""All values of a sample as one vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, channels_of
from cnngraph.ir.size import number_text
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Flatten(Op):
    """All values of a sample as one vector, channels last: y[n, (h * W + w) * C + c] = x[n, h, w, c].

    PyTorch and ONNX flatten in the order (C, H, W): to compare, permute the rows of the following dense weight.

    shapes: c@positions -> (positions * c); a vector stays as it is.
    errors: E0204 ids.  cost: none, nothing moves.
    source: LeCun et al., Proc. IEEE 1998, section II.B (C5 meets all of S4); ONNX Flatten-21.

    >>> print(Flatten().infer(TensorType.of(16, (5, 5))))
    400
    """

    name: ClassVar[str] = "flatten"
    placed: ClassVar[bool] = True
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        channels_of(self.name, x)
        return replace(x, shape=(x.shape[0], prod(x.shape[1:], start=1)))

    def forward(self, x: Array) -> Array:
        return x.reshape(x.shape[0], prod(x.shape[1:]))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return dy.reshape(shapes["x"])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, 0)

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return "flatten makes one vector of all positions"

    def formula(self, inputs: Sequence[TensorType]) -> tuple[str, ...]:
        if not inputs[0].positions:
            return ()
        total = self.infer(inputs[0]).channels
        return (f"{'*'.join(map(str, inputs[0].shape[1:]))} = {number_text(total)}",)

    def field_of_view(self, rank: int) -> None:
        return None

    def onnx(self) -> Onnx:
        return Onnx("Flatten", 21)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return tuple(Sample(cls(), (TensorType.of(3, positions),)) for positions in ((), (5,), (4, 6)))
