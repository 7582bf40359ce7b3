"""Dot products of all pairs of positions, and which positions of two grids meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, product_cost
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import require_grid


@dataclass(frozen=True)
class Dot(Op):
    """Dot products of each query with each key of the same head: how well they fit is a feature of the query.

        y[n, h, t, s] = sum_c q[n, h, t, c] * k[n, h, s, c]

    shapes: q d@headsxT, k d@headsxS -> S@headsxT; d@T, d@S -> S@T. All axes of positions but the last are heads.
    errors: E0202 no positions; E0204 ids, other features, or other heads.
    cost:   multiply-adds = heads * T * S * d.
    source: Vaswani et al.: Attention is all you need, 2017, equation 1 (the product of Q and K, without the root);
            ONNX Transpose-21, then MatMul-13.

    >>> print(Dot().infer(TensorType.of(64, (8, 10)), TensorType.of(64, (8, 12))))
    12@8x10
    """

    name: ClassVar[str] = "dot"
    operands: ClassVar[tuple[str, ...]] = ("q", "k")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"q": ("k",), "k": ("q",)}

    def infer(self, q: TensorType, k: TensorType) -> TensorType:
        require_same_heads(self.name, q, k)
        if q.channels != k.channels:
            message = f"dot needs as many features in both inputs, but receives {q} and {k}"
            raise OpError("E0204", message, operand=1)
        return q.known(channels=k.positions[-1])

    def forward(self, q: Array, k: Array) -> Array:
        y: Array = q @ k.swapaxes(-1, -2)
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        dx: Array = dy @ saved["k"] if wanted == "q" else dy.swapaxes(-1, -2) @ saved["q"]
        return dx

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return product_cost(outputs[0].elements * inputs[0].channels, inputs, outputs)

    def field_of_view(self, rank: int) -> None:
        return None

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(3, (2, 5)), TensorType.of(3, (2, 4)))),
            Sample(cls(), (TensorType.of(4, (6,)), TensorType.of(4, (5,))), batch=3),
        )


def require_same_heads(name: str, a: TensorType, b: TensorType) -> None:
    """Raise `OpError` unless both are grids with the same axes of positions before the last one."""
    require_grid(name, a)
    require_grid(name, b, operand=1)
    if a.shape[:-2] != b.shape[:-2]:
        raise OpError("E0204", f"{name} needs the same heads in both inputs, but receives {a} and {b}", operand=1)
