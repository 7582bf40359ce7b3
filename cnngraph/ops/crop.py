"""Positions taken off the sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, total_bytes
from cnngraph.ir.types import TensorType, positions_text
from cnngraph.ir.window import Padding, require_grid, spread


@dataclass(frozen=True)
class Crop(Op):
    """Positions taken off each side: y[n, o, c] = x[n, o + before, c].

    shapes: c@positions -> c@positions', positions' = N - before - after; in 1, 2 or 3 dimensions.
    fields: margin (positions taken off each side: a number, one for each axis, or pairs (before, after)).
    errors: E0202 no grid; E0203 no positions left; E0108 margin; E0204 another number of axes.
    cost:   no flops, what is left is read and written once.
    source: Ronneberger, Fischer, Brox: U-Net, 2015, section 2; ONNX Slice-13.

    >>> print(Crop(4).infer(TensorType.of(512, (64, 64))))
    512@56x56
    """

    margin: Padding

    name: ClassVar[str] = "crop"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        require_grid(self.name, x)
        left = tuple(n - a - b for n, (a, b) in zip(x.positions, self._margins(len(x.positions)), strict=True))
        if any(isinstance(n, int) and n < 1 for n in left):
            message = f"the margin of crop leaves no positions of {positions_text(x.positions)}"
            raise OpError("E0203", message, operand=0)
        return x.known(positions=left)

    def forward(self, x: Array) -> Array:
        return x[self._cut(x.shape)]

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        dx = np.zeros(shapes["x"], dy.dtype)
        dx[self._cut(dx.shape)] = dy
        return dx

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, 2 * total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    def reason(self, inputs: Sequence[TensorType]) -> str:
        before, after = self._margins(len(inputs[0].positions))[0]
        return f"this crop takes off {before + after}"

    def field_start(self, positions: Shape) -> tuple[int, ...]:
        return tuple(before for before, _ in self._margins(len(positions)))

    def onnx(self) -> Onnx:
        return Onnx("Slice", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(1), (TensorType.of(3, (4, 5)),)),
            Sample(cls(((0, 2), (1, 0))), (TensorType.of(2, (5, 6)),)),
            Sample(cls((1, 0, 2)), (TensorType.of(2, (3, 4, 6)),)),
        )

    def _margins(self, rank: int) -> list[tuple[int, int]]:
        return margins(self.name, self.margin, rank, "`padding` adds positions")

    def _cut(self, shape: Shape) -> tuple[slice, ...]:
        margins = self._margins(len(shape) - 2)
        middle = [slice(a, n - b) for n, (a, b) in zip(shape[1:-1], margins, strict=True)]
        return (slice(None), *middle)


def margins(name: str, margin: Padding, rank: int, opposite: str) -> list[tuple[int, int]]:
    """The numbers of positions (before, after) for each axis; `opposite` helps who writes negative ones."""
    if isinstance(margin, str):
        raise OpError("E0108", f"{name} knows no margin `{margin}`", ("a number, or one for each axis",))
    each = spread(name, "margin", margin, rank)
    pairs = [(m, m) if isinstance(m, int) else (m[0], m[1]) for m in each]
    if min(map(min, pairs), default=0) < 0:
        raise OpError("E0108", f"the margin of {name} must not be negative", (opposite,))
    return pairs
