"""What pools share: a window that slides over the positions, cells that divide them, or all positions at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, total_bytes, total_elements
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType, positions_text
from cnngraph.ir.window import Geometry, Holes, Padding, Strides, Window, lay, pooling, require_grid, spread
from cnngraph.ops.conv import padded, padded_shape, unpadded, window_slices


@dataclass(frozen=True)
class Pool(Op):
    """A window that slides over the positions, in each channel by itself."""

    window: Window
    pad: Padding = 0
    stride: Strides = None
    ceil: bool = False

    flops_each: ClassVar[int] = 1  # for each element of each window

    def infer(self, x: TensorType) -> TensorType:
        return x.known(positions=self.geometry(x).sizes(x.positions))

    def geometry(self, x: TensorType) -> Geometry:
        return pooling(self.name, x, self.window, self.pad, self.stride, self.ceil, self.holes)

    @property
    def holes(self) -> Holes:
        """The dilation of the window, where an operator has one."""
        return 1

    def laid(self, shape: Shape) -> tuple[Geometry, Shape]:
        """The windows over an array of this shape, padded as far as the last of them reaches, and how many they are."""
        g = self.geometry(TensorType(shape))
        return g.covering(shape[1:-1]), tuple(number(n) for n in g.sizes(shape[1:-1]))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        each = prod(self.geometry(inputs[0]).size) * self.flops_each
        return Cost(outputs[0].elements * each, total_bytes(inputs) + total_bytes(outputs))

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return self.geometry(inputs[0]).reason(self.name)

    def formula(self, inputs: Sequence[TensorType]) -> tuple[str, ...]:
        return self.geometry(inputs[0]).formula(inputs[0].positions)

    def field_of_view(self, rank: int) -> tuple[tuple[int, int], ...]:
        g = lay(self.name, rank, self.window, self.pad, self.stride, self.holes, default_stride=None)
        return tuple(zip(g.extent, g.stride, strict=True))

    def field_start(self, positions: Shape) -> tuple[int, ...]:
        g = lay(self.name, len(positions), self.window, self.pad, self.stride, self.holes, default_stride=None)
        return tuple(-before for before, _ in g.pad)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(Window((2, 2))), (TensorType.of(3, (8, 6)),)),
            Sample(cls(Window((3, 2), (2, 1)), (1, 0)), (TensorType.of(3, (7, 5)),)),
            Sample(cls(Window((3,)), "same", stride=1), (TensorType.of(2, (4, 5)),), batch=1),
            Sample(cls(Window((3, 2)), ((0, 1), (1, 0)), stride=2, ceil=True), (TensorType.of(2, (6, 7)),)),
            Sample(cls(Window((3,), (2,)), ceil=True), (TensorType.of(4, (6,)),), batch=3),
            Sample(cls(Window((2, 1, 3))), (TensorType.of(2, (4, 5, 7)),)),
        )


class DilatedPool(Pool):
    """A pool whose window may have holes: its last field is `dilation`."""

    dilation: Holes

    @property
    def holes(self) -> Holes:
        return self.dilation

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        fields: dict[str, Any] = {"stride": (1, 2), "dilation": (3, 2)}
        holes = cls(Window((2, 3)), (1, 0), **fields)
        return (*super().samples(), Sample(holes, (TensorType.of(2, (6, 8)),)))


@dataclass(frozen=True)
class ExtremePool(Pool):
    """The largest or the smallest value of each window. The gradient goes to the first such value."""

    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x", "y")}
    better: ClassVar[np.ufunc]  # of two values, the one that is kept
    worst: ClassVar[float]  # what padding counts as

    def forward(self, x: Array) -> Array:
        g, positions = self.laid(x.shape)
        x = padded(x, g, self.worst)
        first, *others = np.ndindex(*g.size)
        y = x[window_slices(first, g, positions)].copy()
        for offset in others:
            self.better(y, x[window_slices(offset, g, positions)], out=y)
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        y = saved["y"]
        g, positions = self.laid(shapes["x"])
        x = padded(saved["x"], g, self.worst)
        dx = np.zeros(padded_shape(shapes["x"], g), dy.dtype)
        lost = np.isnan(y).any()
        left = np.ones(y.shape, bool)  # windows whose first such value has not been met yet
        for offset in np.ndindex(*g.size):
            at = window_slices(offset, g, positions)
            here = left & ((x[at] == y) | (np.isnan(x[at]) if lost else False))
            dx[at] += dy * here
            left &= ~here
        return unpadded(dx, g)


def window_sums(x: Array, g: Geometry, positions: Shape, weights: Array | None = None) -> Array:
    """The sum of each window of x, padded with zeros; with `weights` (window...), of its products with them."""
    x = padded(x, g)
    y = np.zeros((x.shape[0], *positions, x.shape[-1]), x.dtype)
    for offset in np.ndindex(*g.size):
        part = x[window_slices(offset, g, positions)]
        y += part if weights is None else weights[offset] * part
    return y


def spread_sums(dy: Array, g: Geometry, shape: Shape, weights: Array | None = None) -> Array:
    """The gradient of `window_sums` by its x, of this shape."""
    dx = np.zeros(padded_shape(shape, g), dy.dtype)
    for offset in np.ndindex(*g.size):
        dx[window_slices(offset, g, dy.shape[1:-1])] += dy if weights is None else weights[offset] * dy
    return unpadded(dx, g)


@dataclass(frozen=True)
class AdaptivePool(Op):
    """One value for each of a given number of cells, which divide the positions as evenly as can be.

    Cell o of O reaches from floor(o * N / O) up to, not including, ceil((o + 1) * N / O): cells may share a position.
    """

    positions: int | tuple[int, ...]

    def infer(self, x: TensorType) -> TensorType:
        require_grid(self.name, x)
        return x.known(positions=self.counts(len(x.positions)))

    def counts(self, rank: int) -> tuple[int, ...]:
        """How many cells there are along each axis."""
        counts = spread(self.name, "output", self.positions, rank)
        if min(counts) < 1:
            raise OpError("E0108", f"{self.name} must give 1 position or more, not {min(counts)}")
        return counts

    def cells(self, shape: Shape) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """For each cell: where its value is in y, and the slices of its positions in x."""
        counts = self.counts(len(shape) - 2)
        axes = [[cell_of(o, n, count) for o in range(count)] for n, count in zip(shape[1:-1], counts, strict=True)]
        for place, cell in zip(np.ndindex(*counts), product(*axes), strict=True):
            yield (slice(None), *place), (slice(None), *cell)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(total_elements(inputs), total_bytes(inputs) + total_bytes(outputs))

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return f"{self.name} gives {positions_text(self.counts(len(inputs[0].positions)))}"

    def field_of_view(self, rank: int) -> None:
        return None

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls((2, 3)), (TensorType.of(3, (5, 7)),)),
            Sample(cls(4), (TensorType.of(2, (6,)),), batch=1),
            Sample(cls((1, 3, 2)), (TensorType.of(2, (4, 2, 3)),), batch=3),
        )


def cell_of(place: int, positions: int, count: int) -> slice:
    """The positions of one of `count` cells."""
    return slice(place * positions // count, -(-(place + 1) * positions // count))


@dataclass(frozen=True)
class GlobalPool(Op):
    """One value for all positions, in each channel by itself."""

    def infer(self, x: TensorType) -> TensorType:
        require_grid(self.name, x)
        return x.known(positions=())

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(total_elements(inputs), total_bytes(inputs) + total_bytes(outputs))

    def field_of_view(self, rank: int) -> None:
        return None

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return tuple(Sample(cls(), (TensorType.of(3, positions),)) for positions in ((5,), (4, 6), (2, 4, 5)))
