"""A convolution on arrays of fixed shapes: its sizes, its blocks, and its windows as rows of a matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import cast

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnngraph.ir.op import Array, Shape
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Geometry
from cnngraph.kernels.kernel import Call, Task
from cnngraph.ops.conv import Conv, matrix
from cnngraph.ops.gradient import Gradient


@dataclass(frozen=True)
class Block:
    """Some images, or some rows of one image: indices on the first position axis of the result."""

    images: slice
    rows: slice

    @property
    def count(self) -> int:
        return int(self.images.stop - self.images.start)

    @property
    def height(self) -> int:
        return int(self.rows.stop - self.rows.start)


@dataclass(frozen=True)
class Tap:
    """One element of the window: for which outputs of a block it lies inside the input, and at which positions."""

    offset: tuple[int, ...]
    outs: tuple[slice, ...]
    positions: tuple[slice, ...]


@dataclass(frozen=True)
class Layout:
    """The sizes of a convolution."""

    geometry: Geometry
    images: int
    positions: tuple[int, ...]
    outs: tuple[int, ...]
    channels: int
    features: int
    groups: int
    dtype: str

    @staticmethod
    def of(conv: Conv, x: TensorType, y: TensorType) -> Layout:
        images, *positions, channels = x.concrete
        outs = y.concrete[1:-1]
        return Layout(conv.geometry(x), images, tuple(positions), outs, channels, conv.features, conv.groups, x.dtype)

    @property
    def window(self) -> int:
        """Numbers in one window of one group: the rows of the weight as a matrix."""
        return prod(self.geometry.size) * self.channels // self.groups

    @property
    def rows(self) -> int:
        """Windows in all images: the rows of the result as a matrix."""
        return self.images * prod(self.outs)

    @property
    def flops(self) -> int:
        return 2 * self.rows * self.window * self.features

    @property
    def item_bytes(self) -> int:
        return np.dtype(self.dtype).itemsize

    @property
    def is_pointwise(self) -> bool:
        """Whether windows hold one position, and their positions are those of the input."""
        g = self.geometry
        return prod(g.size) == 1 and self.positions == self.outs and not any(map(sum, g.pad)) and set(g.stride) == {1}

    def cut(self, wanted: int) -> list[Block]:
        """Blocks of about so many windows, each but the last of the same size."""
        each = prod(self.outs)
        if each <= wanted:
            step = _even(self.images, wanted // each)
            whole = slice(0, self.outs[0])
            return [Block(slice(n, min(n + step, self.images)), whole) for n in range(0, self.images, step)]
        high = self.outs[0]
        step = _even(high, max(1, wanted // prod(self.outs[1:])))
        bands = [slice(a, min(a + step, high)) for a in range(0, high, step)]
        return [Block(slice(n, n + 1), band) for n in range(self.images) for band in bands]

    def rows_of(self, block: Block) -> slice:
        """Where the block lies among all rows of the result as a matrix."""
        line = prod(self.outs[1:])
        start = (block.images.start * self.outs[0] + block.rows.start) * line
        return slice(start, start + block.count * block.height * line)

    def taps(self, block: Block) -> Iterator[Tap]:
        """All elements of the window that lie inside the input for any output of the block."""
        g = self.geometry
        firsts, counts = (block.rows.start, *(0 for _ in self.outs[1:])), (block.height, *self.outs[1:])
        for offset in np.ndindex(*g.size):
            axes = [
                _reach(i * d - before, s, n, first, count)
                for i, d, (before, _), s, n, first, count in zip(
                    offset, g.dilation, g.pad, g.stride, self.positions, firsts, counts, strict=True
                )
            ]
            if all(outs.start < outs.stop for outs, _ in axes):
                yield Tap(offset, tuple(outs for outs, _ in axes), tuple(positions for _, positions in axes))

    def band(self, block: Block) -> tuple[int, int]:
        """The rows of the padded input that the block reads, as they count without padding: from, to."""
        g = self.geometry
        start = block.rows.start * g.stride[0] - g.pad[0][0]
        return start, start + (block.height - 1) * g.stride[0] + g.extent[0]


def _even(total: int, most: int) -> int:
    """The size of equal parts of at most `most`."""
    parts = -(-total // max(1, most))
    return -(-total // parts)


def conv_of(task: Task) -> Conv:
    """The convolution that the task computes, or of which it computes a gradient."""
    main = task.main
    return cast(Conv, main.of if isinstance(main, Gradient) else main)


def layout_of(task: Task) -> Layout:
    main = task.main
    if isinstance(main, Gradient):
        return Layout.of(cast(Conv, main.of), main.input_types[0], main.result_types[0])
    return Layout.of(cast(Conv, main), task.inputs[0], task.outputs[0])


def turned(layout: Layout) -> Layout | None:
    """The convolution that gives the input gradient: of dL/dy with the turned window; None where there is none.

    dx[q] = sum_i dy[q + pad - i * dilation] w[i]: a window over dy, padded by what the window reaches beyond.
    """
    g = layout.geometry
    pad = tuple(
        (e - 1 - before, n - o + before)
        for e, (before, _), n, o in zip(g.extent, g.pad, layout.positions, layout.outs, strict=True)
    )
    if set(g.stride) != {1} or min(map(min, pad)) < 0:
        return None
    return replace(
        layout,
        geometry=replace(g, pad=pad),
        positions=layout.outs,
        outs=layout.positions,
        channels=layout.features,
        features=layout.channels,
    )


def turn(layout: Layout, weight: Array, out: Array) -> None:
    """Write the weight of the turned convolution: windows reversed, channels and features exchanged in each group."""
    rank = len(layout.geometry.size)
    reverse = weight[(slice(None, None, -1),) * rank]  # (window..., channels / groups, features)
    c, k = layout.channels // layout.groups, layout.features // layout.groups
    for i in range(layout.groups):
        out[..., i * c : (i + 1) * c] = reverse[..., i * k : (i + 1) * k].swapaxes(-1, -2)


# ---- windows as rows ----


@dataclass(frozen=True)
class Columns:
    """Copies the windows of a block as rows of a matrix, (groups, rows, window), into fixed memory."""

    layout: Layout
    blocks: list[Block]

    @property
    def shape(self) -> Shape:
        line = prod(self.layout.outs[1:])
        rows = max(b.count * b.height * line for b in self.blocks)
        return (self.layout.groups, rows, self.layout.window)

    @property
    def padded_shape(self) -> Shape:
        """A block of the input with its padding; nothing where there is none."""
        g = self.layout.geometry
        if not any(map(sum, g.pad)):
            return (0,)
        count, height = max(b.count for b in self.blocks), max(b.height for b in self.blocks)
        rest = [
            max(n + a, (o - 1) * s + e)
            for n, (a, _), o, s, e in zip(
                self.layout.positions[1:], g.pad[1:], self.layout.outs[1:], g.stride[1:], g.extent[1:], strict=True
            )
        ]
        return (count, (height - 1) * g.stride[0] + g.extent[0], *rest, self.layout.channels)

    def types(self) -> tuple[TensorType, ...]:
        """The memory that it needs: for the matrix, for the padded input."""
        return (TensorType(self.shape, self.layout.dtype), TensorType(self.padded_shape, self.layout.dtype))

    def start(self, padded: Array) -> list[Call]:
        """Once before all blocks: no block writes to the padding on the sides."""
        return [partial(padded.fill, 0)] if padded.size else []

    def matrix(self, block: Block, columns: Array) -> Array:
        """The part of the memory that the block fills: (groups, rows, window)."""
        groups, _, window = self.shape
        rows = block.count * block.height * prod(self.layout.outs[1:])
        return columns.reshape(-1)[: groups * rows * window].reshape(groups, rows, window)

    def calls(self, block: Block, x: Array, columns: Array, padded: Array) -> list[Call]:
        """Copy the windows of the block."""
        source, calls = self._source(block, x, padded)
        view = self._windows(block, source)
        return [*calls, partial(np.copyto, self.matrix(block, columns).reshape(view.shape), view)]

    def tap_calls(self, block: Block, x: Array, taps: Array, padded: Array) -> list[Call]:
        """Copy the windows of the block into an array (window, rows, channels), for one group."""
        source, calls = self._source(block, x, padded)
        rank = len(self.layout.geometry.size)
        view = np.moveaxis(self._windows(block, source)[0], range(1 + rank, 1 + 2 * rank), range(rank))
        return [*calls, partial(np.copyto, taps.reshape(view.shape), view)]

    def _source(self, block: Block, x: Array, padded: Array) -> tuple[Array, list[Call]]:
        """What the windows of the block lie in, and the calls that fill it."""
        start, stop = self.layout.band(block)
        if not padded.size:
            return x[block.images, start:stop], []
        high = self.layout.positions[0]
        inside = slice(min(max(start, 0), high), min(max(stop, 0), high))
        above = max(0, min(stop, 0) - start)
        below = stop - start - above - (inside.stop - inside.start)
        band = padded[: block.count, : stop - start]
        calls: list[Call] = []
        if block.height < self.layout.outs[0]:  # the blocks before have filled these rows
            calls += [partial(part.fill, 0) for part in (band[:, :above], band[:, stop - start - below :]) if part.size]
        middle = [
            slice(a, a + n) for n, (a, _) in zip(self.layout.positions[1:], self.layout.geometry.pad[1:], strict=True)
        ]
        middle = [slice(s.start, min(s.stop, n)) for s, n in zip(middle, band.shape[2:-1], strict=True)]
        target = band[(slice(None), slice(above, above + inside.stop - inside.start), *middle)]
        given = x[(block.images, inside, *(slice(0, s.stop - s.start) for s in middle))]
        return band, [*calls, partial(np.copyto, target, given)] if target.size else calls

    def _windows(self, block: Block, source: Array) -> Array:
        """The view of all windows: (groups, N, positions'..., window..., C / groups)."""
        g, each = self.layout.geometry, self.layout.channels // self.layout.groups
        batch, *middle, last = source.strides
        steps = [m * s for m, s in zip(middle, g.stride, strict=True)]
        holes = [m * d for m, d in zip(middle, g.dilation, strict=True)]
        shape = (self.layout.groups, block.count, block.height, *self.layout.outs[1:], *g.size, each)
        return as_strided(source, shape, (each * last, batch, *steps, *holes, last), writeable=False)

    def add_calls(self, block: Block, windows: Array, x: Array) -> list[Call]:
        """Add to each position of x what the windows (groups, rows, window) over it say, one tap after the other."""
        g, groups = self.layout.geometry, self.layout.groups
        each = self.layout.channels // groups
        taps = windows.reshape(groups, block.count, block.height, *self.layout.outs[1:], *g.size, each)
        calls: list[Call] = []
        for tap in self.layout.taps(block):
            for group in range(groups):
                target = x[(block.images, *tap.positions, slice(group * each, (group + 1) * each))]
                added = taps[group][(slice(None), *tap.outs, *tap.offset)]
                calls.append(partial(np.add, target, added, target))
        return calls

    def result(self, block: Block, y: Array) -> Array:
        """The rows of the result (or of its gradient) that belong to the block, as a matrix."""
        return matrix(y[block.images, block.rows])


def grouped(x: Array, groups: int) -> Array:
    """The view (groups, rows, columns of a group) of a matrix."""
    return x.reshape(len(x), groups, -1).swapaxes(0, 1)


def _reach(shift: int, stride: int, size: int, first: int, count: int) -> tuple[slice, slice]:
    """Of `count` outputs from `first` on: those whose position, o * stride + shift, is inside; and these positions."""
    start = max(first, -(shift // stride))
    stop = min(first + count, (size - 1 - shift) // stride + 1)
    positions = slice(start * stride + shift, max(0, (stop - 1) * stride + shift + 1), stride)
    return slice(start - first, max(start, stop) - first), positions
