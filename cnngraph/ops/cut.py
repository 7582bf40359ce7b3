"""Some of the channels, at all positions or at one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, fixed_channels_of, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Cut(Op):
    """Channels `start` up to, not including, `stop`: y = x[..., start:stop], or y = x[:, position, ..., start:stop].

    shapes: c@TxP -> (stop - start)@TxP, or (stop - start)@P at one position of the first axis T.
    fields: start, stop (0 <= start < stop <= c); position (0 or -1, from the end; none: all of them).
    errors: E0108 channels that x does not have; E0202 no positions; E0204 ids.
    cost:   no flops; what is taken is read and written.  source: ONNX Slice-13.

    The results of `scan` in the language are these: a state at all positions, and the last one.

    >>> Cut(0, 1, position=-1).forward(np.array([[[1, 2], [3, 4], [5, 6]]]))
    array([[5]])
    """

    start: int
    stop: int
    position: int | None = None

    name: ClassVar[str] = "cut"
    internal: ClassVar[bool] = True
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        channels = fixed_channels_of("cut", x)
        assert self.position in (None, 0, -1), f"a cut is made at an end, not at {self.position}"
        if not 0 <= self.start < self.stop <= channels:
            raise OpError("E0108", f"{x} has no channels {self.start} to {self.stop - 1}", operand=0)
        if self.position is None:
            return x.known(channels=self.stop - self.start)
        if not x.positions:
            raise OpError("E0202", f"{x} has no positions to take one of", operand=0)
        return x.known(channels=self.stop - self.start, positions=x.positions[1:])

    def forward(self, x: Array) -> Array:
        return np.asarray(x[self._place])

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        dx = np.zeros(shapes["x"], dy.dtype)
        dx[self._place] = dy
        return dx

    @property
    def _place(self) -> Any:
        channels = slice(self.start, self.stop)
        return (..., channels) if self.position is None else (slice(None), self.position, ..., channels)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, 2 * total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    def __str__(self) -> str:
        at = {None: "", 0: ", first", -1: ", last"}[self.position]
        return f"cut({self.start}..{self.stop}{at})"

    def field_of_view(self, rank: int) -> tuple[tuple[int, int], ...] | None:
        return None if self.position is not None else ((1, 1),) * rank

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(1, 3), (TensorType.of(4, (5,)),), batch=3),
            Sample(cls(0, 2, position=-1), (TensorType.of(3, (4, 5)),)),
            Sample(cls(2, 3, position=0), (TensorType.of(3, (4,)),)),
        )
