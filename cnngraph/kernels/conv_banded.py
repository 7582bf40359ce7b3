"""Convolution of few channels by a banded weight: several outputs of a row at once, of all that their windows read.

A row of the result is cut into parts of some columns. The windows of a part lie in one wider window, and a matrix with
the weight on its diagonals (a Toeplitz matrix along the width) takes that to the whole part:

    y[o, part] = x[rows of o, columns of part] @ band,  band[i, q * stride + j * dilation, c, q, k] = weight[i, j, c, k]

There is more arithmetic than in the convolution, but runs to copy are longer, and the product is far from narrow: with
few channels and features that is faster. So this is a convolution by copied rows, of wider windows and more features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from math import prod
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Geometry
from cnngraph.kernels.conv_layout import Block, Columns, Layout, layout_of
from cnngraph.kernels.conv_rows import columns_of, rows_seconds
from cnngraph.kernels.epilogue import epilogue_workspace, finish_calls, finish_seconds, finishable, prepared_bias
from cnngraph.kernels.kernel import Call, Kernel, Key, Machine, Prepared, Task, in_turn
from cnngraph.ops.conv import Conv, matrix

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


@cache
def banded_conv(at: Layout) -> Banded:
    """Parts of the width that should be fastest."""
    return min(candidates(at), key=lambda banded: banded_seconds(banded, Machine()))


def banded_seconds(banded: Banded, machine: Machine) -> float:
    """Time of copies and products, and of moving results where parts reach beyond the end."""
    columns, at = columns_of(banded.wide), banded.of
    moved = 0 if banded.fits else 2 * at.rows * at.features * at.item_bytes
    calls = (3 + (not banded.fits)) * len(columns.blocks) * machine.call_seconds
    return rows_seconds(columns, machine) + moved / machine.cached_bytes_per_second + calls


def part_memory(banded: Banded, columns: Columns) -> TensorType:
    """Memory for the results of one block, in whole parts."""
    rows = columns.shape[1]
    return TensorType((rows, banded.width * banded.of.features), banded.of.dtype)


class BandedConv(Kernel):
    """y = columns of wide windows @ band + bias, with what is fused behind."""

    name = "convolution by a banded weight"
    serves: ClassVar[tuple[Key, ...]] = ((Conv, ""),)
    epilogues = True

    def applies(self, task: Task) -> bool:
        return bandable(task) and finishable(task)

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        banded = banded_conv(layout_of(task))
        return (Prepared(1, banded.band_type, banded.fill), *prepared_bias(task, 2))

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        banded = banded_conv(layout_of(task))
        columns = columns_of(banded.wide)
        parts = () if banded.fits else (part_memory(banded, columns),)
        return (*columns.types(), *parts, *epilogue_workspace(task))

    def seconds(self, task: Task, machine: Machine) -> float:
        banded = banded_conv(layout_of(task))
        calls = (2 + len(task.inputs)) * len(columns_of(banded.wide).blocks) * machine.call_seconds
        return banded_seconds(banded, machine) + finish_seconds(task, machine) + calls

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        banded = banded_conv(layout_of(task))
        columns, (memory, padded, *more) = columns_of(banded.wide), workspace
        parts = [] if banded.fits else [more.pop(0)]
        band, *bias = prepared
        band = matrix(band, 2)
        calls = columns.start(padded)
        for block in columns.blocks:
            y = banded.result(block, outputs[0])
            calls += columns.calls(block, inputs[0], memory, padded)
            product = partial(np.matmul, columns.matrix(block, memory)[0], band)
            calls += _parts_calls(product, banded, block, y, parts)
            calls += finish_calls(task, inputs, bias, matrix(y), banded.of.rows_of(banded.columns(block)), more)
        return in_turn(calls)


def _parts_calls(
    product: partial[Array], banded: Banded, block: Block, y: Array, memory: Sequence[Array]
) -> list[Call]:
    """Write the product to y, a block of the result: at once where whole parts fill its rows."""
    if not memory:
        return [partial(product, banded.rows(y))]
    parts = banded.as_parts(block, memory[0])
    return [partial(product, banded.rows(parts)), partial(np.copyto, y, parts[..., : y.shape[-2], :])]
