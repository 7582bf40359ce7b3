"""Features laid out as positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, fixed_channels_of, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import require_grid, spread

Factors = tuple[int, ...]


@dataclass(frozen=True)
class PixelShuffle(Op):
    """Features laid out as positions: of r * r of them in a row, each position gets a square of r x r positions.

        y[n, h * r + i, w * r + j, c] = x[n, h, w, (c * r + i) * r + j]

    shapes: c*r*r@HxW -> c@r*Hxr*W; with other numbers of axes alike.
    fields: factor (r >= 1): a number, or one for each axis.
    errors: E0202 no grid; E0108 factor, or features that it does not divide; E0204 features of no fixed number.
    cost:   no flops, everything read and written once.
    source: Shi et al.: Real-time single image super-resolution (ESPCN), CVPR 2016, equation 4;
            ONNX DepthToSpace-13, mode CRD.

    >>> import numpy as np
    >>> PixelShuffle(2).forward(np.array([[[[1, 2, 3, 4]]]])).tolist()
    [[[[1], [2]], [[3], [4]]]]
    """

    factor: int | Factors

    name: ClassVar[str] = "pixel_shuffle"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        factors = factors_of(self.name, self.factor, x)
        channels, parts = fixed_channels_of(self.name, x), prod(factors)
        if channels % parts:
            raise OpError("E0108", f"pixel_shuffle needs a multiple of {parts} features, but receives {x}", operand=0)
        return x.known(channels // parts, tuple(n * r for n, r in zip(x.positions, factors, strict=True)))

    def forward(self, x: Array) -> Array:
        return laid_out(x, spread(self.name, "factor", self.factor, x.ndim - 2))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return gathered(dy, spread(self.name, "factor", self.factor, dy.ndim - 2))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return f"this {self}"

    def field_of_view(self, rank: int) -> tuple[tuple[int, int | Fraction], ...]:
        return tuple((1, Fraction(1, r)) for r in spread(self.name, "factor", self.factor, rank))

    def onnx(self) -> Onnx | None:
        attributes = {"blocksize": self.factor, "mode": "CRD"}
        return Onnx("DepthToSpace", 13, attributes) if isinstance(self.factor, int) else None

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(2), (TensorType.of(12, (4, 5)),)),
            Sample(cls((3,)), (TensorType.of(6, (5,)),), batch=1),
            Sample(cls((3, 1, 2)), (TensorType.of(12, (2, 3, 4)),)),
        )


def factors_of(name: str, factor: int | Factors, x: TensorType) -> Factors:
    """A factor for each axis of positions; raises `OpError`."""
    require_grid(name, x)
    factors = spread(name, "factor", factor, len(x.positions))
    if min(factors) < 1:
        raise OpError("E0108", f"the factor of {name} must be 1 or more, not {min(factors)}")
    return factors


def laid_out(x: Array, factors: Factors) -> Array:
    """(N, H, W, c * r * s) -> (N, H * r, W * s, c)."""
    count, positions, rank = len(x), x.shape[1:-1], len(factors)
    table = x.reshape(count, *positions, -1, *factors)  # (N, H, W, c, r, s)
    pairs = [axis for i in range(rank) for axis in (1 + i, rank + 2 + i)]
    turned = table.transpose(0, *pairs, rank + 1)  # (N, H, r, W, s, c)
    return turned.reshape(count, *(n * r for n, r in zip(positions, factors, strict=True)), table.shape[rank + 1])


def gathered(y: Array, factors: Factors) -> Array:
    """(N, H * r, W * s, c) -> (N, H, W, c * r * s)."""
    count, rank, channels = len(y), len(factors), y.shape[-1]
    positions = [n // r for n, r in zip(y.shape[1:-1], factors, strict=True)]
    table = y.reshape(count, *(n for pair in zip(positions, factors, strict=True) for n in pair), channels)
    outer, inner = range(1, 2 * rank, 2), range(2, 2 * rank + 1, 2)
    return table.transpose(0, *outer, 2 * rank + 1, *inner).reshape(count, *positions, -1)
