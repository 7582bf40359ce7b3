"""One of several parts of the channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Op, OpError, Sample, Saved, Shape, channels_of
from cnngraph.ir.size import Dim, exact_quotient
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Part(Op):
    """One of several parts of the channels: y = x[..., start:stop], where all parts before it end at `start`.

    shapes: c@positions -> c'@positions, c' = c / of, or of[index].
    fields: index (from 0, below the number of parts); of (number of equal parts, >= 1, or the channels of each part).
    errors: E0108 index or of; E0204 ids, a scalar, or channels that `of` does not divide or make up.
    cost:   one flop for each element.  source: ONNX Split-18, one of its outputs.

    `split(4)` of the language is four of these, `split([16, 8])` two.

    >>> Part(1, 2).forward(np.array([[1, 2, 3, 4]])), Part(1, (3, 1)).forward(np.array([[1, 2, 3, 4]]))
    (array([[3, 4]]), array([[4]]))
    """

    index: int
    of: int | tuple[int, ...]

    name: ClassVar[str] = "part"
    placed: ClassVar[bool] = True
    internal: ClassVar[bool] = True
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    @property
    def count(self) -> int:
        """How many parts there are."""
        return self.of if isinstance(self.of, int) else len(self.of)

    def infer(self, x: TensorType) -> TensorType:
        channels = channels_of("split", x)
        if self.count < 1:
            raise OpError("E0108", f"split must make at least 1 part, not {self.count}")
        if not 0 <= self.index < self.count:
            last = f"{self.count} parts are numbered 0 to {self.count - 1}"
            raise OpError("E0108", f"{last}: there is no part {self.index}")
        return x.known(channels=self._equal(x, channels) if isinstance(self.of, int) else self._own(x))

    def _equal(self, x: TensorType, channels: Dim) -> Dim:
        assert isinstance(self.of, int)
        width = exact_quotient(channels, self.of)
        if width is None:
            helps = (f"{self.of} equal parts need a multiple of {self.of} channels",)
            raise OpError("E0204", f"split({self.of}) cannot divide the {channels} channels of {x}", helps, operand=0)
        return width

    def _own(self, x: TensorType) -> Dim:
        assert isinstance(self.of, tuple)
        if min(self.of) < 1:
            raise OpError("E0108", f"a part of split must have 1 channel or more, not {min(self.of)}")
        if sum(self.of) != x.channels:
            message = f"split({list(self.of)}) makes {sum(self.of)} channels of the {x.channels} of {x}"
            raise OpError("E0204", message, operand=0)
        return self.of[self.index]

    def forward(self, x: Array) -> Array:
        return x[..., self._slice(x.shape)]

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        dx = np.zeros(shapes["x"], dy.dtype)
        dx[..., self._slice(dx.shape)] = dy
        return dx

    def _slice(self, shape: Shape) -> slice:
        widths = self.widths(shape[-1])
        start = sum(widths[: self.index])
        return slice(start, start + widths[self.index])

    def widths(self, channels: int) -> tuple[int, ...]:
        """The channels of each part."""
        return (channels // self.of,) * self.of if isinstance(self.of, int) else self.of

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(0, 4), (TensorType.of(8),), batch=3),
            Sample(cls(2, 3), (TensorType.of(6, (4, 5)),)),
            Sample(cls(0, 1), (TensorType.of(3, (4,)),)),
            Sample(cls(1, (2, 3, 1)), (TensorType.of(6, (4, 5)),), batch=1),
        )
