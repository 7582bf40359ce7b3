"""One of several equal parts of the channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Op, OpError, Sample, Saved, Shape, channels_of
from cnngraph.ir.size import exact_quotient
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Part(Op):
    """One of several equal parts of the channels: y = x[..., index * c / of : (index + 1) * c / of].

    shapes: c@positions -> c/of @positions.  fields: index (from 0, below of); of (number of parts, >= 1).
    errors: E0108 index or of; E0204 ids, a scalar, or channels that `of` does not divide.
    cost:   one flop for each element.  source: ONNX Split-18, one of its outputs.

    `split(4)` of the language is four of these.

    >>> Part(1, 2).forward(np.array([[1, 2, 3, 4]]))
    array([[3, 4]])
    """

    index: int
    of: int

    name: ClassVar[str] = "part"
    internal: ClassVar[bool] = True
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        channels = channels_of("split", x)
        if self.of < 1:
            raise OpError("E0108", f"split must make at least 1 part, not {self.of}")
        if not 0 <= self.index < self.of:
            raise OpError("E0108", f"{self.of} parts are numbered 0 to {self.of - 1}: there is no part {self.index}")
        width = exact_quotient(channels, self.of)
        if width is None:
            helps = (f"{self.of} equal parts need a multiple of {self.of} channels",)
            raise OpError("E0204", f"split({self.of}) cannot divide the {channels} channels of {x}", helps, operand=0)
        return TensorType((*x.shape[:-1], width), x.dtype)

    def forward(self, x: Array) -> Array:
        return x[..., self._slice(x.shape)]

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        dx = np.zeros(shapes["x"], dy.dtype)
        dx[..., self._slice(dx.shape)] = dy
        return dx

    def _slice(self, shape: Shape) -> slice:
        width = shape[-1] // self.of
        return slice(self.index * width, (self.index + 1) * width)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(0, 4), (TensorType.of(8),), batch=3),
            Sample(cls(2, 3), (TensorType.of(6, (4, 5)),)),
            Sample(cls(0, 1), (TensorType.of(3, (4,)),)),
        )
