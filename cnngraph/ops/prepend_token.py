"""A learned vector before the first position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, Saved, Shape, Weight, fixed_channels_of, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.position import sequence_length


@dataclass(frozen=True)
class PrependToken(Op):
    """A learned vector before the first position: y[n, 0] = weight, y[n, t + 1] = x[n, t].

    shapes: d@T -> d@(T + 1).
    errors: E0202 no sequence; E0204 ids, or an open number of features.
    cost:   no flops, everything read and written once.
    source: Dosovitskiy et al.: An image is worth 16x16 words, ICLR 2021, equation 1 (the class token); ONNX Concat-13.

    >>> print(PrependToken().infer(TensorType.of(768, (196,))))
    768@197
    """

    name: ClassVar[str] = "prepend_token"
    weights: ClassVar[tuple[str, ...]] = ("weight",)
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": (), "weight": ()}

    def infer(self, x: TensorType) -> TensorType:
        length = sequence_length(self.name, x)
        fixed_channels_of(self.name, x)
        return x.known(positions=(length + 1,))

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        return {"weight": Weight(TensorType((fixed_channels_of(self.name, x),), x.dtype), "zeros")}

    def forward(self, x: Array, weight: Array) -> Array:
        first = np.broadcast_to(weight, (x.shape[0], 1, x.shape[2]))
        return np.concatenate([first, x], axis=1)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        dx: Array = dy[:, 1:] if wanted == "x" else dy[:, 0].sum(axis=0)
        return dx

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return "one more position for the token"

    def field_start(self, positions: Shape) -> tuple[int, ...]:
        return (-1,)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (5,)),)), Sample(cls(), (TensorType.of(4, (2,)),), batch=3))
