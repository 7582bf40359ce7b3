"""A convolution by parts of its rows: its banded weight, and its wide windows as rows of a matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnngraph.ir.op import Array, Shape
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Geometry
from cnngraph.kernels.conv_layout import Block, Columns, Layout, layout_of
from cnngraph.kernels.conv_rows import RUN_SECONDS, columns_of, copy_seconds
from cnngraph.kernels.kernel import Call, Machine, Task

MOST_COLUMNS = 512
"""Features of a part: beyond, a product is as fast as it gets, and the arithmetic still grows."""


@dataclass(frozen=True)
class Banded:
    """A convolution of one group whose rows of results are cut into parts of `width` columns."""

    of: Layout
    width: int

    @property
    def parts(self) -> int:
        """In a row; the last one may reach beyond its end."""
        return -(-self.of.outs[-1] // self.width)

    @property
    def fits(self) -> bool:
        """Whether no part reaches beyond the end of the row."""
        return self.of.outs[-1] % self.width == 0

    @property
    def wide(self) -> Layout:
        """The convolution that gives a part as the features of one position."""
        at, g = self.of, self.of.geometry
        step, before = g.stride[-1], g.pad[-1][0]
        after = (self.parts * self.width - 1) * step + g.extent[-1] - at.positions[-1] - before
        geometry = Geometry(
            (*g.size[:-1], (self.width - 1) * step + g.extent[-1]),
            (*g.stride[:-1], self.width * step),
            (*g.pad[:-1], (before, max(0, after))),
            (*g.dilation[:-1], 1),
        )
        return replace(at, geometry=geometry, outs=(*at.outs[:-1], self.parts), features=self.width * at.features)

    @property
    def band_type(self) -> TensorType:
        """Of the banded weight: (window of a part..., C, columns of a part, K)."""
        at = self.of
        return TensorType((*self.wide.geometry.size, at.channels, self.width, at.features), at.dtype)

    def fill(self, weight: Array, band: Array) -> None:
        """Write the banded weight."""
        band.fill(0)
        np.copyto(self.diagonals(band), weight)

    def diagonals(self, band: Array) -> Array:
        """The view (columns of a part, window..., C, K) of what each column has of a banded weight."""
        g = self.of.geometry
        *lead, across, channel, column, feature = band.strides
        shape = (self.width, *g.size, self.of.channels, self.of.features)
        strides = (g.stride[-1] * across + column, *lead, g.dilation[-1] * across, channel, feature)
        return as_strided(band, shape, strides)

    def columns(self, block: Block) -> Block:
        """The same block of the convolution itself: other only where its rows are parts."""
        if len(self.of.outs) > 1:
            return block
        start, stop = block.rows.start * self.width, min(block.rows.stop * self.width, self.of.outs[0])
        return Block(block.images, slice(start, stop))

    def result(self, block: Block, y: Array) -> Array:
        """The part of a result of the convolution that belongs to the block: (N, positions..., K)."""
        here = self.columns(block)
        return y[here.images, here.rows]

    def as_parts(self, block: Block, memory: Array) -> Array:
        """The beginning of the memory, as the block of the result: (N, positions..., K), whole parts in each row."""
        lead = (block.count, block.height, *self.wide.outs[1:])
        shape = (*lead[:-1], lead[-1] * self.width, self.of.features)
        return memory.reshape(-1)[: prod(shape)].reshape(shape)

    def rows(self, parts: Array) -> Array:
        """A contiguous block of results as a matrix with a row for each part."""
        return parts.reshape(-1, self.width * self.of.features)


def candidates(at: Layout) -> list[Banded]:
    """All that are worth a look: parts of any width, though not of more features than help a product."""
    most = min(at.outs[-1], max(2, MOST_COLUMNS // at.features))
    return [Banded(at, width) for width in range(2, most + 1)]


def bandable(task: Task) -> bool:
    """Whether there are windows of several columns, and columns to take together."""
    at = layout_of(task)
    return at.groups == 1 and at.outs[-1] > 1 and at.geometry.size[-1] > 1


# ---- wide windows as rows ----


@dataclass(frozen=True)
class Strips(Columns):
    """Copies windows in two steps: rows into strips as wide as a window; in these, a whole window is one run.

    Only for images, and where fewer runs save more time than it takes to move the strips.
    """

    @property
    def helps(self) -> bool:
        g = self.layout.geometry
        if len(g.size) != 2 or g.dilation[0] != 1:
            return False
        high = max(block.height for block in self.blocks)
        lines = self._height(high)
        moved = 2 * lines * self._line * self.layout.item_bytes / Machine().cached_bytes_per_second
        return (high * g.size[0] - high - lines) * RUN_SECONDS > moved

    @property
    def strips_shape(self) -> Shape:
        """Of a block: (N, parts, rows, row of a window); nothing where it does not help."""
        if not self.helps:
            return (0,)
        count, high = max(b.count for b in self.blocks), max(b.height for b in self.blocks)
        return (count, self.layout.outs[1], self._height(high), self._line)

    def types(self) -> tuple[TensorType, ...]:
        return (*super().types(), TensorType(self.strips_shape, self.layout.dtype))

    def calls(self, block: Block, x: Array, columns: Array, padded: Array, *strips: Array) -> list[Call]:
        if not self.helps:
            return super().calls(block, x, columns, padded)
        at = self.layout
        source, calls = self._source(block, x, padded)  # (N, rows, columns, C)
        batch, down, across, last = source.strides
        shape = (block.count, at.outs[1], self._height(block.height), at.geometry.size[1], at.channels)
        lines = as_strided(source, shape, (batch, at.geometry.stride[1] * across, down, across, last), writeable=False)
        rows = strips[0].reshape(-1)[: prod(shape)].reshape(shape)  # (N, parts, rows, columns of a window, C)
        batch, part, down, _, last = rows.strides
        steps = (batch, at.geometry.stride[0] * down, part, last)
        windows = as_strided(rows, (block.count, block.height, at.outs[1], at.window), steps, writeable=False)
        target = self.matrix(block, columns).reshape(windows.shape)
        return [*calls, partial(np.copyto, rows, lines), partial(np.copyto, target, windows)]

    def seconds(self, machine: Machine) -> float:
        """Time to copy all windows."""
        if not self.helps:
            return copy_seconds(self, machine)
        at = self.layout
        lines = sum(b.count * at.outs[1] * self._height(b.height) for b in self.blocks)
        padded = at.images * prod(at.positions) * at.channels if self.padded_shape[0] else 0
        numbers = lines * self._line + at.rows * at.window + 2 * padded
        return (lines + at.rows) * RUN_SECONDS + numbers * at.item_bytes * 2 / machine.cached_bytes_per_second

    @property
    def _line(self) -> int:
        """Numbers in one row of a window."""
        return self.layout.geometry.size[-1] * self.layout.channels

    def _height(self, rows: int) -> int:
        """Rows of the input that so many rows of the result read."""
        g = self.layout.geometry
        return (rows - 1) * g.stride[0] + g.size[0]


def strips_of(banded: Banded) -> Strips:
    """The wide windows, in blocks that fit the cache."""
    return Strips(banded.wide, columns_of(banded.wide).blocks)
