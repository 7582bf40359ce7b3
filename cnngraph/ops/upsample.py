"""More positions, in one, two or three dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import require_grid, spread

MODES = ("nearest", "linear")


@dataclass(frozen=True)
class Upsample(Op):
    """A whole number of output positions for each input position, along each axis.

        nearest: y[n, q, c] = x[n, floor(q / factor), c]
        linear:  y[n, q, c] lies on the line between the two nearest centres, where position p has its centre at
                 (p + 1/2) * factor; beyond the first and the last centre it is constant

    `linear` is bilinear on images. It has no weights: a learned one is `upconv`.

    shapes: c@positions -> c@positions', positions' = positions * factor; in 1, 2 or 3 dimensions.
    fields: factor (>= 1: a number, or one for each axis as in `2x1`); mode ("nearest" or "linear").
    errors: E0202 no grid; E0108 factor or mode.
    cost:   nearest: no flops; linear: three flops for each element and axis; everything read and written once.
    source: Redmon, Farhadi: YOLOv3, 2018, section 2.3 (2x); ONNX Resize-19 with half_pixel coordinates.

    >>> Upsample(2).forward(np.array([1.0, 2.0]).reshape(1, 2, 1)).ravel()
    array([1., 1., 2., 2.])
    >>> Upsample(2, "linear").forward(np.array([1.0, 2.0]).reshape(1, 2, 1)).ravel()
    array([1.  , 1.25, 1.75, 2.  ])
    """

    factor: int | tuple[int, ...]
    mode: str = "nearest"

    name: ClassVar[str] = "upsample"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        require_grid(self.name, x)
        factors = self._factors(len(x.positions))
        if min(factors) < 1:
            raise OpError("E0108", f"the factor of upsample must be 1 or more, not {min(factors)}")
        if self.mode not in MODES:
            raise OpError("E0108", f'upsample knows no mode "{self.mode}"', ('use "nearest" or "linear"',))
        return x.known(positions=tuple(n * f for n, f in zip(x.positions, factors, strict=True)))

    def forward(self, x: Array) -> Array:
        for axis, factor in enumerate(self._factors(x.ndim - 2), start=1):
            x = np.repeat(x, factor, axis) if self.mode == "nearest" else _between_neighbours(x, axis, factor)
        return x

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        x = shapes["x"]
        for axis, factor in enumerate(self._factors(len(x) - 2), start=1):
            if self.mode == "nearest":
                dy = dy.reshape(*dy.shape[:axis], x[axis], factor, *dy.shape[axis + 1 :]).sum(axis + 1)
            else:
                weights = _weights(x[axis], factor, dy.dtype).T
                dy = np.moveaxis(np.tensordot(weights, dy, (1, axis)), 0, axis)
        return dy

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        flops = 3 * len(inputs[0].positions) if self.mode == "linear" else 0
        return Cost(flops * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def field_of_view(self, rank: int) -> tuple[tuple[int, int | Fraction], ...]:
        seen = 2 if self.mode == "linear" else 1
        return tuple((seen, Fraction(1, f)) for f in self._factors(rank))

    def field_start(self, positions: Shape) -> tuple[Fraction, ...]:
        half = Fraction(1, 2) if self.mode == "linear" else Fraction(0)
        return tuple(half / f - half for f in self._factors(len(positions)))

    def onnx(self) -> Onnx:
        nearest = {"nearest_mode": "round_prefer_floor"} if self.mode == "nearest" else {}
        return Onnx("Resize", 19, {"mode": self.mode, "coordinate_transformation_mode": "half_pixel", **nearest})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(2), (TensorType.of(3, (4, 5)),)),
            Sample(cls((3, 1), "linear"), (TensorType.of(3, (4, 5)),)),
            Sample(cls((2, 3)), (TensorType.of(4, (3, 5)),)),
            Sample(cls(4, "linear"), (TensorType.of(2, (5,)),), batch=3),
            Sample(cls((1, 2, 3), "linear"), (TensorType.of(2, (4, 3, 5)),)),
        )

    def _factors(self, rank: int) -> tuple[int, ...]:
        return spread(self.name, "factor", self.factor, rank)


def _places(positions: int, factor: int) -> Array:
    """Where the centres of the new positions lie among the old ones, not beyond the first and the last of those."""
    places = (np.arange(positions * factor) + 0.5) / factor - 0.5
    return np.clip(places, 0, positions - 1)


def _between_neighbours(x: Array, axis: int, factor: int) -> Array:
    """Linear interpolation along one axis, of two neighbours each: only they pass on what is no number."""
    places = _places(x.shape[axis], factor)
    lower = places.astype(np.int64)
    upper = np.minimum(lower + 1, x.shape[axis] - 1)
    share = (places - lower).astype(x.dtype).reshape(-1, *(1,) * (x.ndim - 1 - axis))
    return np.asarray(np.take(x, lower, axis) * (1 - share) + np.take(x, upper, axis) * share)


def _weights(positions: int, factor: int, dtype: np.dtype[Any]) -> Array:
    """The matrix (positions * factor, positions) of the same interpolation: two weights in each row."""
    distances = np.abs(_places(positions, factor)[:, None] - np.arange(positions))
    return np.asarray(np.maximum(1 - distances, 0).astype(dtype))
