"""The features cut into heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, channels_of, total_bytes
from cnngraph.ir.size import exact_quotient
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class SplitHeads(Op):
    """The features cut into heads, which become the first axis of positions.

        y[n, h, p, c] = x[n, p, h * d / heads + c]

    shapes: d@positions -> d/heads @ heads x positions, so d@T -> d/heads @ headsxT.
    fields: heads (>= 1).
    errors: E0108 heads; E0204 ids, a scalar, or features that `heads` does not divide.
    cost:   no flops, everything read and written once.
    source: Vaswani et al.: Attention is all you need, 2017, section 3.2.2; ONNX Reshape-21, then Transpose-21.

    >>> print(SplitHeads(8).infer(TensorType.of(512, (10,))))
    64@8x10
    """

    heads: int

    name: ClassVar[str] = "split_heads"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        channels = channels_of(self.name, x)
        if self.heads < 1:
            raise OpError("E0108", f"split_heads must make at least 1 head, not {self.heads}")
        width = exact_quotient(channels, self.heads)
        if width is None:
            raise OpError("E0204", f"{self.heads} heads do not divide the {channels} features of {x}", operand=0)
        return x.known(channels=width, positions=(self.heads, *x.positions))

    def forward(self, x: Array) -> Array:
        return heads_first(x, self.heads)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return heads_joined(dy)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx | None:
        return None

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(2), (TensorType.of(6, (5,)),)),
            Sample(cls(4), (TensorType.of(4, (2, 3)),)),
            Sample(cls(3), (TensorType.of(6),), batch=4),
        )


def heads_first(x: Array, heads: int) -> Array:
    """(N, positions..., heads * c) -> (N, heads, positions..., c)."""
    return np.moveaxis(x.reshape(*x.shape[:-1], heads, -1), -2, 1)


def heads_joined(x: Array) -> Array:
    """(N, heads, positions..., c) -> (N, positions..., heads * c)."""
    rows = np.moveaxis(x, 1, -2)
    return rows.reshape(*rows.shape[:-2], -1)
