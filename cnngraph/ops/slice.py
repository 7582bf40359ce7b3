"""Some of the positions along each axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, total_bytes
from cnngraph.ir.size import Dim, lower_bound, number
from cnngraph.ir.types import TensorType, positions_text
from cnngraph.ir.window import require_grid, spread

Range = tuple[Dim, Dim, int]


@dataclass(frozen=True)
class Slice(Op):
    """Each `step`-th position from `start` up to, not including, `stop`: y[n, o, c] = x[n, start + o * step, c].

    To take away as many positions at each side, whatever the size, write `crop`; for channels, `split`.

    shapes: c@positions -> c@positions', positions' = ceil((stop - start) / step); in 1, 2 or 3 dimensions.
    fields: start, stop, step (>= 1): a number, or one for each axis. A start below 0 counts from the end; so does a
            stop that is not above 0: 0 is the end itself, -1 leaves out the last position.
    errors: E0202 no grid; E0203 positions that x does not have; E0108 step; E0204 positions that x may not have, or
            another number of axes.
    cost:   no flops, what is taken is read and written once.
    source: ONNX Slice-13.

    >>> Slice(1, 6, 2).forward(np.arange(8).reshape(1, 8, 1)).ravel()
    array([1, 3, 5])
    >>> print(Slice(step=(2, 1)).infer(TensorType.of(3, (227, 227))))
    3@114x227
    """

    start: int | tuple[int, ...] = 0
    stop: int | tuple[int, ...] = 0
    step: int | tuple[int, ...] = 1

    name: ClassVar[str] = "slice"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        require_grid(self.name, x)
        ranges = self._ranges(x.positions)
        for n, (first, last, step) in zip(x.positions, ranges, strict=True):
            if step < 1:
                raise OpError("E0108", f"the step of slice must be 1 or more, not {step}")
            self._require_inside(x, n, first, last)
        return x.known(positions=tuple((last - first + step - 1) // step for first, last, step in ranges))

    def _ranges(self, positions: Sequence[Dim]) -> list[Range]:
        """First position, the one after the last, and step, along each axis."""
        given = (self.start, self.stop, self.step)
        names = ("start", "stop", "step")
        axes = [spread(self.name, what, values, len(positions)) for what, values in zip(names, given, strict=True)]
        return [
            (start if start >= 0 else n + start, stop if stop > 0 else n + stop, step)
            for n, start, stop, step in zip(positions, *axes, strict=True)
        ]

    def _require_inside(self, x: TensorType, n: Dim, first: Dim, last: Dim) -> None:
        """Raise unless 0 <= first < last <= n, for all sizes that n can have."""
        for room in (first, last - first - 1, n - last):
            if isinstance(room, int) and room < 0:
                message = f"{positions_text(x.positions)} has no slice from {first} up to {last}"
                raise OpError("E0203", message, operand=0)
            if (lower_bound(room) or 0) < 0 or lower_bound(room) is None:
                helps = (f"add a fact such as `where {n} >= ...` to the net",)
                raise OpError("E0204", f"slice needs {room} to be 0 or more", helps, operand=0)

    def forward(self, x: Array) -> Array:
        return x[self.place(x.shape)]

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        dx = np.zeros(shapes["x"], dy.dtype)
        dx[self.place(dx.shape)] = dy
        return dx

    def place(self, shape: Shape) -> tuple[slice, ...]:
        """Where the slice lies in an array of this shape."""
        ranges = self._ranges(shape[1:-1])
        return (slice(None), *(slice(number(first), number(last), step) for first, last, step in ranges))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, 2 * total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return f"this {self}"

    def field_of_view(self, rank: int) -> tuple[tuple[int, int], ...]:
        return tuple((1, step) for step in spread(self.name, "step", self.step, rank))

    def field_start(self, positions: Shape) -> tuple[int, ...]:
        return tuple(number(first) for first, _, _ in self._ranges(positions))

    def onnx(self) -> Onnx:
        return Onnx("Slice", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(1, 4), (TensorType.of(3, (5, 6)),)),
            Sample(cls((0, -4), (-1, 0), (2, 3)), (TensorType.of(2, (5, 7)),), batch=1),
            Sample(cls(step=2), (TensorType.of(4, (5,)),), batch=3),
            Sample(cls(-3, -1), (TensorType.of(2, (3, 4, 5)),)),
        )
