"""Weighted sums of values over positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, product_cost
from cnngraph.ir.types import TensorType
from cnngraph.ops.dot import require_same_heads


@dataclass(frozen=True)
class Mix(Op):
    """Weighted sums of the values of the same head: the features of `weights` say how much each position counts.

        y[n, h, t, c] = sum_s weights[n, h, t, s] * v[n, h, s, c]

    shapes: weights S@headsxT, v d@headsxS -> d@headsxT; S@T, d@S -> d@T.
    errors: E0202 no positions; E0204 ids, other heads, or another number of weights than of values.
    cost:   multiply-adds = heads * T * S * d.
    source: Vaswani et al.: Attention is all you need, 2017, equation 1 (the product with V); ONNX MatMul-13.

    >>> print(Mix().infer(TensorType.of(12, (8, 10)), TensorType.of(64, (8, 12))))
    64@8x10
    """

    name: ClassVar[str] = "mix"
    operands: ClassVar[tuple[str, ...]] = ("weights", "v")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"weights": ("v",), "v": ("weights",)}

    def infer(self, weights: TensorType, v: TensorType) -> TensorType:
        require_same_heads(self.name, weights, v)
        if weights.channels != v.positions[-1]:
            message = f"mix needs a weight for each value, but receives {weights.channels} of them ({weights}) and {v}"
            raise OpError("E0204", message, operand=1)
        return weights.known(channels=v.channels)

    def forward(self, weights: Array, v: Array) -> Array:
        y: Array = weights @ v
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        dx: Array = dy @ saved["v"].swapaxes(-1, -2) if wanted == "weights" else saved["weights"].swapaxes(-1, -2) @ dy
        return dx

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return product_cost(outputs[0].elements * inputs[0].channels, inputs, outputs)

    def field_of_view(self, rank: int) -> None:
        return None

    def onnx(self) -> Onnx:
        return Onnx("MatMul", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(4, (2, 5)), TensorType.of(3, (2, 4)))),
            Sample(cls(), (TensorType.of(5, (6,)), TensorType.of(4, (5,))), batch=3),
        )
