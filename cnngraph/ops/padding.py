"""Positions added at the sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, total_bytes, total_elements
from cnngraph.ir.size import Dim, lower_bound
from cnngraph.ir.types import TensorType, positions_text
from cnngraph.ir.window import Padding, require_grid
from cnngraph.ops.crop import margins

Modes = Literal["constant", "reflect", "edge", "wrap"]
MODES: Mapping[str, Modes] = {"zeros": "constant", "reflect": "reflect", "edge": "edge", "wrap": "wrap"}


@dataclass(frozen=True)
class Pad(Op):
    """Positions added at each side.

        y[n, q, c] = x[n, q - before, c] inside, and outside:
        zeros    0
        edge     the nearest position of x
        reflect  x as a mirror at its first and last position shows it, without that position itself
        wrap     x again, from its other end

    Zeros before a convolution or a pool are its own argument: `conv(64, 3x3, pad = 1)`.

    shapes: c@positions -> c@positions', positions' = N + before + after; in 1, 2 or 3 dimensions.
    fields: margin (positions added at each side: a number, one for each axis, or pairs (before, after)); mode.
    errors: E0202 no grid; E0108 margin or mode; E0203 a margin that x is too small for (reflect: margin < N, wrap:
            margin <= N); E0204 one that x may be too small for, or another number of axes.
    cost:   no flops, everything read and written once.
    source: Zhu et al.: CycleGAN, ICCV 2017, section 7.2 (reflection against artefacts at the edges); ONNX Pad-21.

    >>> Pad(2, "reflect").forward(np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1)).ravel()
    array([3., 2., 1., 2., 3., 2., 1.])
    """

    margin: Padding
    mode: str = "zeros"

    name: ClassVar[str] = "padding"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        require_grid(self.name, x)
        if self.mode not in MODES:
            raise OpError("E0108", f'padding knows no mode "{self.mode}"', (f"use one of {', '.join(MODES)}",))
        pairs = self.pairs(len(x.positions))
        least = {"reflect": 1, "wrap": 0}.get(self.mode)
        for n, pair in zip(x.positions, pairs, strict=True):
            if least is not None and (lower_bound(n) or 0) < max(pair) + least:
                raise self._too_large(x, n, max(pair) + least)
        return x.known(positions=tuple(n + a + b for n, (a, b) in zip(x.positions, pairs, strict=True)))

    def pairs(self, rank: int) -> list[tuple[int, int]]:
        """The numbers of positions (before, after) of each axis."""
        return margins(self.name, self.margin, rank, "`crop` takes positions away")

    def _too_large(self, x: TensorType, n: Dim, needed: int) -> OpError:
        message = f"this margin of padding needs {needed} positions to {self.mode}, but receives "
        if isinstance(n, int):
            return OpError("E0203", message + positions_text(x.positions), operand=0)
        helps = (f"add `where {n} >= {needed}` to the net",)
        return OpError("E0204", message + positions_text(x.positions), helps, operand=0)

    def forward(self, x: Array) -> Array:
        return np.pad(x, [(0, 0), *self.pairs(x.ndim - 2), (0, 0)], MODES[self.mode])

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        for axis, (before, after) in enumerate(self.pairs(dy.ndim - 2), start=1):
            n = shapes["x"][axis]
            along = np.moveaxis(dy, axis, 0)
            dx = along[before : before + n].copy()
            if self.mode != "zeros":
                source = np.pad(np.arange(n), (before, after), MODES[self.mode])
                for place in (*range(before), *range(before + n, len(along))):
                    dx[source[place]] += along[place]
            dy = np.moveaxis(dx, 0, axis)
        return dy

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(total_elements(outputs), total_bytes(inputs) + total_bytes(outputs))

    def reason(self, inputs: Sequence[TensorType]) -> str:
        before, after = self.pairs(len(inputs[0].positions))[0]
        return f"this padding adds {before + after}"

    def field_start(self, positions: Shape) -> tuple[int, ...]:
        return tuple(-before for before, _ in self.pairs(len(positions)))

    def onnx(self) -> Onnx:
        return Onnx("Pad", 21, {"mode": MODES[self.mode]})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(1), (TensorType.of(3, (4, 5)),)),
            Sample(cls((2, (1, 0)), "reflect"), (TensorType.of(2, (4, 6)),), batch=1),
            Sample(cls(((3, 2),), "edge"), (TensorType.of(3, (2,)),), batch=3),
            Sample(cls((1, 0, (2, 4)), "wrap"), (TensorType.of(2, (3, 5, 4)),)),
        )
