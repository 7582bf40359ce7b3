"""Heads put side by side, as features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Op, Sample, Saved, Shape, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import require_grid
from cnngraph.ops.split_heads import heads_first, heads_joined


@dataclass(frozen=True)
class JoinHeads(Op):
    """The features of all heads, side by side at each position: the reverse of split_heads.

        y[n, p, h * c + i] = x[n, h, p, i]

    shapes: c@heads x positions -> (heads * c)@positions, so c@headsxT -> (heads * c)@T.
    errors: E0202 no positions, so no heads.
    cost:   no flops, everything read and written once.
    source: Vaswani et al.: Attention is all you need, 2017, section 3.2.2; ONNX Transpose-21, then Reshape-21.

    >>> print(JoinHeads().infer(TensorType.of(64, (8, 10))))
    512@10
    """

    name: ClassVar[str] = "join_heads"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        require_grid(self.name, x)
        return x.known(channels=x.positions[0] * x.channels, positions=x.positions[1:])

    def forward(self, x: Array) -> Array:
        return heads_joined(x)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return heads_first(dy, shapes["x"][1])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(3, (2, 5)),)),
            Sample(cls(), (TensorType.of(2, (4, 3, 5)),)),
            Sample(cls(), (TensorType.of(5, (3,)),), batch=4),
        )
