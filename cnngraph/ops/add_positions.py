"""Where each position lies, added to its features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, Weight, fixed_channels_of, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import require_grid
from cnngraph.ops.position import sequence_length

LONGEST = 10_000.0  # the slowest wave has nearly this many positions for each radian


@dataclass(frozen=True)
class AddPositions(Op):
    """Where each position lies, added to its features: fixed waves, or with `learned` a table.

        y[n, t, 2i] = x[n, t, 2i] + sin(t / 10000 ** (2i / d)),   y[n, t, 2i + 1] = x[n, t, 2i + 1] + cos(the same)
        y[n, p, c]  = x[n, p, c] + weight[p, c]                                                         (learned)

    shapes: d@T -> the same; learned: d@positions of any number, but of fixed size.
    fields: learned.
    errors: E0202 no positions, or several axes of them for the waves; E0204 ids, or open sizes for the table.
    cost:   one flop for each element.
    source: Vaswani et al.: Attention is all you need, 2017, section 3.5; the table:
            Gehring et al.: Convolutional sequence to sequence learning, ICML 2017, section 3.1.

    >>> AddPositions().forward(np.zeros((1, 2, 4))).round(2)
    array([[[0.  , 1.  , 0.  , 1.  ],
            [0.84, 0.54, 0.01, 1.  ]]])
    """

    learned: bool = False

    name: ClassVar[str] = "add_positions"
    weights: ClassVar[tuple[str, ...]] = ("weight",)
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": (), "weight": ()}

    def infer(self, x: TensorType) -> TensorType:
        if not self.learned:
            sequence_length(self.name, x)
            return x
        require_grid(self.name, x)
        fixed_channels_of(self.name, x)
        if not all(isinstance(size, int) for size in x.positions):
            helps = ("`add_positions` without `learned` has waves for sequences of any length",)
            message = f"learned positions are of a fixed number, but {x} has an open one"
            raise OpError("E0204", message, helps, operand=0)
        return x

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        return {"weight": Weight(TensorType(x.shape[1:], x.dtype), "normal")} if self.learned else {}

    def forward(self, x: Array, weight: Array | None = None) -> Array:
        y: Array = x + (waves(x.shape[1], x.shape[2]).astype(x.dtype) if weight is None else weight)
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return dy if wanted == "x" else np.asarray(dy.sum(axis=0))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(6, (5,)),)),
            Sample(cls(), (TensorType.of(3, (4,)),), batch=3),
            Sample(cls(learned=True), (TensorType.of(4, (5,)),)),
            Sample(cls(learned=True), (TensorType.of(2, (3, 4)),)),
        )


def waves(length: int, features: int) -> Array:
    """Sines on the even features, cosines on the odd ones, two by two of the same length: (T, d)."""
    pair = np.arange(features) // 2
    angle = np.arange(length)[:, None] / LONGEST ** (2 * pair / features)  # (T, d)
    return np.where(np.arange(features) % 2 == 0, np.sin(angle), np.cos(angle))
