"""A convolution cut into Winograd tiles, in blocks of tiles that stay in the cache; the transforms as calls.

Two pieces of memory take turns: every step reads one and writes the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from math import prod

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.conv_layout import Block, Columns, Layout
from cnngraph.kernels.kernel import Call
from cnngraph.kernels.winograd import Form


@dataclass(frozen=True)
class Tiles:
    """The tiles of a form over a convolution of stride 1; as a layout, their window is a tile and their stride m."""

    form: Form
    layout: Layout
    blocks: list[Block]

    @staticmethod
    def of(form: Form, at: Layout, wanted: int) -> Tiles:
        """Blocks of about so many tiles."""
        tiled = _tiled(at.geometry.pad, at, at.positions, at.outs, form.size, form.outputs)
        return Tiles(form, at, tiled.cut(wanted))

    @property
    def inner(self) -> Columns:
        """The tiles of the input: n x n positions, which overlap."""
        at = self.layout
        tiled = _tiled(at.geometry.pad, at, at.positions, at.outs, self.form.size, self.form.outputs)
        return Columns(tiled, self.blocks)

    @property
    def outer(self) -> Columns:
        """The tiles of the result: m x m positions."""
        at = replace(self.layout, channels=self.layout.features)
        return Columns(
            _tiled(((0, 0), (0, 0)), at, at.outs, at.outs, self.form.outputs, self.form.outputs), self.blocks
        )

    @property
    def most(self) -> int:
        """Tiles of the largest block."""
        line = self.inner.layout.outs[1]
        return max(b.count * b.height for b in self.blocks) * line

    def count(self, block: Block) -> int:
        return block.count * block.height * self.inner.layout.outs[1]

    def memory(self, channels: int) -> TensorType:
        """For all elements of the tiles of a block."""
        return TensorType((self.form.size**2 * self.most * channels,), self.layout.dtype)

    def part(self, memory: Array, elements: int, block: Block, channels: int) -> Array:
        """A view (elements, tiles, channels) of memory."""
        shape = (elements, self.count(block), channels)
        return memory[: prod(shape)].reshape(shape)


def _tiled(
    pad: Sequence[tuple[int, int]], at: Layout, positions: tuple[int, ...], outs: tuple[int, ...], size: int, step: int
) -> Layout:
    """The layout of windows of that size and stride, so many that they cover all outputs."""
    counts = tuple(-(-n // step) for n in outs)
    pads = tuple(
        (before, max(0, (count - 1) * step + size - n - before))
        for (before, _), count, n in zip(pad, counts, positions, strict=True)
    )
    geometry = replace(at.geometry, size=(size, size), stride=(step, step), pad=pads)
    return replace(at, geometry=geometry, positions=positions, outs=counts)


def transform(matrix: Array, source: Array, target: Array, between: Array) -> list[Call]:
    """target[i, j] = sum_{a, b} matrix[i, a] matrix[j, b] source[a, b], by way of `between`.

    source: (a * b, tiles, channels); between and target are memory, flat; the result lies in the front of target.
    """
    rows, size = matrix.shape
    numbers = source[0].size
    first = between[: rows * size * numbers].reshape(rows, size * numbers)
    result = target[: rows * rows * numbers].reshape(rows, rows, numbers)
    matrix = matrix.astype(source.dtype)
    return [
        partial(np.matmul, matrix, source.reshape(size, size * numbers), first),
        partial(np.matmul, matrix, first.reshape(rows, size, numbers), result),
    ]


def placed(y: Array, tiles: Array) -> list[tuple[Array, Array]]:
    """Which parts of y, (N, H, W, K), are which parts of tiles, (m, m, N, rows, columns, K): whole tiles, cut ones."""
    m, _, _, *counts, _ = tiles.shape
    axes = [_parts(size, m, count) for size, count in zip(y.shape[1:3], counts, strict=True)]
    return [_pair(y, tiles, *cuts) for cuts in product(*axes)]


def _parts(size: int, m: int, count: int) -> list[tuple[int, int, int]]:
    """On one axis: the tiles (from, to) that are whole, the one that is cut, and how many positions of each count."""
    whole = size // m
    parts = [(0, whole, m), (whole, count, size - whole * m)]
    return [part for part in parts if part[1] > part[0] and part[2]]


def _pair(y: Array, tiles: Array, high: tuple[int, int, int], wide: tuple[int, int, int]) -> tuple[Array, Array]:
    m = tiles.shape[0]
    (top, bottom, tall), (left, right, broad) = high, wide
    area = y[:, top * m : (bottom - 1) * m + tall, left * m : (right - 1) * m + broad]
    images, _, _, channels = area.shape
    split = area.reshape(images, bottom - top, tall, right - left, broad, channels)
    return split.transpose(2, 4, 0, 1, 3, 5), tiles[:tall, :broad, :, top:bottom, left:right]
