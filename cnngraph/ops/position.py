"""The features at one position of a sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, channels_of, total_bytes
from cnngraph.ir.size import Dim, lower_bound
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Position(Op):
    """The features at one position of a sequence: y[n, c] = x[n, index, c].

    shapes: d@T -> d.
    fields: index (from 0; below 0 it counts from the end, so -1 is the last position).
    errors: E0202 not one axis of positions; E0204 ids, or a sequence that is, or may be, too short.
    cost:   no flops; one position read, and written.
    source: Dosovitskiy et al.: An image is worth 16x16 words, ICLR 2021, equation 4 (the first position is the image);
            ONNX Gather-13.

    >>> Position(-1).forward(np.array([[[1, 2], [3, 4], [5, 6]]]))
    array([[5, 6]])
    """

    index: int

    name: ClassVar[str] = "position"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        length = sequence_length(self.name, x)
        needed = self.index + 1 if self.index >= 0 else -self.index
        if isinstance(length, int) and length < needed:
            last = f"-{length} to {length - 1}"
            raise OpError("E0204", f"{x} has the positions {last}: there is no position {self.index}", operand=0)
        if (lower_bound(length) or 0) < needed:
            helps = (f"add `where {length} >= {needed}` to the net",)
            raise OpError("E0204", f"position {self.index} needs {length} to be {needed} or more", helps, operand=0)
        return x.known(positions=())

    def forward(self, x: Array) -> Array:
        return x[:, self.index]

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        dx = np.zeros(shapes["x"], dy.dtype)
        dx[:, self.index] = dy
        return dx

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, 2 * total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    def field_of_view(self, rank: int) -> None:
        return None

    def onnx(self) -> Onnx:
        return Onnx("Gather", 13, {"axis": 2})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        series = TensorType.of(3, (5,))
        return (Sample(cls(0), (series,)), Sample(cls(3), (series,), batch=4), Sample(cls(-2), (series,)))


def sequence_length(name: str, x: TensorType, operand: int = 0) -> Dim:
    """The positions T of a sequence d@T; raises `OpError` for ids, a vector, or more than one axis of positions."""
    channels_of(name, x, operand)
    if len(x.positions) != 1:
        length: Dim = prod(x.positions, start=1)
        way = f"`reshape({x.channels}@{length})` makes a sequence of it"
        helps = (way,) if x.positions and isinstance(length, int) else ()
        raise OpError("E0202", f"{name} needs a sequence such as 512@T, but receives {x}", helps, operand)
    return x.positions[0]
