"""Another number of positions, by interpolation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, total_bytes
from cnngraph.ir.types import TensorType, positions_text
from cnngraph.ir.window import require_grid, spread

TAPS: Mapping[str, int] = {"nearest": 1, "linear": 2, "cubic": 4}
SHARPNESS = -0.75  # of the cubic curve: its slope at a distance of 1


@dataclass(frozen=True)
class Resize(Op):
    """A given number of positions along each axis, whatever the number before.

        nearest: y[o] = x[floor(o * n / m)], along an axis of n positions before and m after
        linear:  y[o] lies on the line between the two nearest positions
        cubic:   y[o] lies on a curve through the four nearest positions

    Both images have the same edges; with `corners` the first and the last positions lie upon each other instead.
    Whole factors say it better as `upsample(2)`.

    shapes: c@positions -> c@given positions.
    fields: positions (>= 1: a number, or one for each axis as in `56x56`); mode; corners (not with nearest).
    errors: E0202 no grid; E0108 a field; E0204 another number of axes.
    cost:   two flops for each element, axis and position that it lies between; everything read and written once.
    source: Keys: Cubic convolution interpolation, 1981, equation 15; Zhao et al.: PSPNet, CVPR 2017, section 3.2
            (context of several sizes); ONNX Resize-19.

    >>> Resize(3, corners=True).forward(np.array([1.0, 2.0]).reshape(1, 2, 1)).ravel()
    array([1. , 1.5, 2. ])
    >>> print(Resize((56, 57)).infer(TensorType.of(64, (7, 9))))
    64@56x57
    """

    positions: int | tuple[int, ...]
    mode: str = "linear"
    corners: bool = False

    name: ClassVar[str] = "resize"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        require_grid(self.name, x)
        counts = self.counts(len(x.positions))
        if self.mode not in TAPS:
            raise OpError("E0108", f'resize knows no mode "{self.mode}"', (f"use one of {', '.join(TAPS)}",))
        if self.mode == "nearest" and self.corners:
            raise OpError("E0108", "resize to the nearest position has no `corners`")
        if min(counts) < 1:
            raise OpError("E0108", f"resize needs 1 position or more, not {min(counts)}")
        return x.known(positions=counts)

    def counts(self, rank: int) -> tuple[int, ...]:
        """The number of positions after it, of each axis."""
        return spread(self.name, "positions", self.positions, rank)

    def forward(self, x: Array) -> Array:
        for axis, count in enumerate(self.counts(x.ndim - 2), start=1):
            x = self._along(x, axis, count)
        return x

    def _along(self, x: Array, axis: int, count: int) -> Array:
        """By neighbours, not as a product: only they pass on what is no number."""
        columns, weights = self.taps(x.shape[axis], count)
        shape = (count, *(1,) * (x.ndim - 1 - axis))
        y = np.zeros((*x.shape[:axis], count, *x.shape[axis + 1 :]), x.dtype)
        with np.errstate(invalid="ignore"):
            for column, weight in zip(columns.T, weights.T.astype(x.dtype), strict=True):
                y += np.take(x, column, axis) * weight.reshape(shape)
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        for axis, count in enumerate(self.counts(dy.ndim - 2), start=1):
            columns, weights = self.taps(n := shapes["x"][axis], count)
            table = np.zeros((count, n))
            np.add.at(table, (np.arange(count)[:, None], columns), weights)
            dy = np.moveaxis(np.tensordot(table.T.astype(dy.dtype), dy, (1, axis)), 0, axis)
        return dy

    def taps(self, before: int, after: int) -> tuple[Array, Array]:
        """For each new position of an axis the old ones that it lies between, and their weights: (after, taps) each."""
        new = np.arange(after)
        if self.mode == "nearest":
            return (new * before // after)[:, None], np.ones((after, 1))
        places = new * (before - 1) / max(after - 1, 1) if self.corners else (new + 0.5) * (before / after) - 0.5
        return between(places, before, TAPS[self.mode])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        flops = 2 * TAPS[self.mode] * len(inputs[0].positions) if self.mode != "nearest" else 0
        return Cost(flops * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return f"resize to {positions_text(self.counts(len(inputs[0].positions)))}"

    def field_of_view(self, rank: int) -> None:
        return None

    def onnx(self) -> Onnx:
        frame = "asymmetric" if self.mode == "nearest" else "align_corners" if self.corners else "half_pixel"
        nearest = {"nearest_mode": "floor"} if self.mode == "nearest" else {}
        return Onnx("Resize", 19, {"mode": self.mode, "coordinate_transformation_mode": frame, **nearest})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        image = TensorType.of(3, (4, 5))
        return (
            Sample(cls((7, 3)), (image,)),
            Sample(cls((7, 3), corners=True), (image,), batch=1),
            Sample(cls((6, 10), "cubic"), (image,)),
            Sample(cls((7, 2), "cubic", corners=True), (image,)),
            Sample(cls((3, 11), "nearest"), (image,)),
            Sample(cls(7), (TensorType.of(2, (4,)),), batch=3),
            Sample(cls((2, 6, 3)), (TensorType.of(2, (3, 4, 5)),)),
        )


def between(places: Array, before: int, count: int) -> tuple[Array, Array]:
    """The 2 or 4 positions around each place, and their weights; beyond the edge stands the last position."""
    left = np.ceil(places).astype(np.int64) - 1
    offsets = np.arange(1 - count // 2, 1 + count // 2)
    distance = np.abs((places - left)[:, None] - offsets)
    columns = np.clip(left[:, None] + offsets, 0, before - 1)
    return columns, 1 - distance if count == 2 else _cubic(distance)


def _cubic(d: Array) -> Array:
    a = SHARPNESS
    return np.where(d <= 1, ((a + 2) * d - (a + 3)) * d * d + 1, ((d - 5) * d + 8) * a * d - 4 * a)
