"""Convolution and its input gradient by Winograd's algorithm: stride 1, square windows, two dimensions.

Tiles are gathered, transformed, multiplied element by element as matrices over the channels, transformed back, and
written to their places; block after block of tiles, so that all of it stays in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.conv_cost import product_seconds
from cnngraph.kernels.conv_layout import Block, Layout, layout_of, turned
from cnngraph.kernels.epilogue import epilogue_workspace, finish_calls, finish_seconds, finishable, prepared_bias
from cnngraph.kernels.kernel import Call, Kernel, Key, Machine, Prepared, Task, in_turn
from cnngraph.kernels.winograd import Form
from cnngraph.kernels.winograd_tiles import Tiles, placed, transform
from cnngraph.ops.conv import Conv

BLOCK_BYTES = 600_000
"""Of the elements of all tiles of a block, before and after the products."""

LEAST_TILES = 96
"""Of a block: the transformed weight is read once for each block."""


def has_tiles(at: Layout, form: Form) -> bool:
    """Whether the form serves this convolution."""
    g = at.geometry
    return g.size == (form.window, form.window) and set(g.stride) == {1} and set(g.dilation) == {1} and at.groups == 1


def tiles_of(at: Layout, form: Form) -> Tiles:
    """The tiles in blocks that fit the cache."""
    fitting = BLOCK_BYTES // (form.size**2 * (at.channels + at.features) * at.item_bytes)
    return Tiles.of(form, at, max(LEAST_TILES, fitting))


def transform_weight(form: Form, weight: Array, out: Array) -> None:
    """U = G w G^T of a weight (r, r, C, K): (n * n, C, K)."""
    both = np.kron(form.weights, form.weights).astype(weight.dtype)
    np.matmul(both, weight.reshape(form.window**2, -1), out=out.reshape(form.size**2, -1))


def transform_turned_weight(form: Form, weight: Array, out: Array) -> None:
    """U of the turned window, from features to channels: (n * n, K, C)."""
    transform_weight(form, np.ascontiguousarray(weight[::-1, ::-1].swapaxes(2, 3)), out)


def conv_calls(
    tiles: Tiles, block: Block, x: Array, weight: Array, memory: Sequence[Array]
) -> tuple[Array, list[Call]]:
    """Calls for one block up to the results of its tiles, and where these come to lie: (m, m, N, rows, columns, K)."""
    form, at = tiles.form, tiles.layout
    one, two, padded = memory
    gathered = tiles.part(one, form.size**2, block, at.channels)
    products = tiles.part(two, form.size**2, block, at.features)
    calls = tiles.inner.tap_calls(block, x, gathered, padded)
    calls += transform(form.inner, gathered, one, two)
    calls.append(partial(np.matmul, gathered, weight, products))
    calls += transform(form.outer, products, two, one)
    results = tiles.part(two, form.outputs**2, block, at.features)
    line = tiles.inner.layout.outs[1]
    return results.reshape(form.outputs, form.outputs, block.count, block.height, line, at.features), calls


def own_rows(tiles: Tiles, block: Block) -> slice:
    """The rows of the result that the block computes, on the first position axis."""
    m = tiles.form.outputs
    return slice(block.rows.start * m, min(block.rows.stop * m, tiles.layout.outs[0]))


def tile_memory(tiles: Tiles) -> tuple[TensorType, ...]:
    """Twice all tiles of a block, and its padded input."""
    at = tiles.layout
    both = tiles.memory(max(at.channels, at.features))
    return (both, both, tiles.inner.types()[1])


def tile_seconds(tiles: Tiles, machine: Machine) -> float:
    """Gathering, transforms and products of all blocks."""
    form, at, most = tiles.form, tiles.layout, tiles.most
    n, m = form.size, form.outputs
    total = sum(tiles.count(block) for block in tiles.blocks)
    products = product_seconds(most, at.channels, at.features, machine, at.dtype, n * n)
    inner = product_seconds(n, n, n * most * at.channels, machine, at.dtype) * 2
    outer = product_seconds(m, n, n * most * at.features, machine, at.dtype) * (1 + m / n)
    moved = (2 * n * n * at.channels + m * m * at.features) * most * at.item_bytes / machine.cached_bytes_per_second
    return (products + inner + outer + moved) * total / most + 15 * len(tiles.blocks) * machine.call_seconds


class Winograd(Kernel):
    """y = A^T [U * (B^T d B)] A + bias, with what is fused behind."""

    form: ClassVar[Form]
    approximate = True
    strided = True
    epilogues = True

    def applies(self, task: Task) -> bool:
        return has_tiles(layout_of(task), self.form) and finishable(task)

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        at = layout_of(task)
        shape = (self.form.size**2, at.channels, at.features)
        make = partial(transform_weight, self.form)
        return (Prepared(1, TensorType(shape, at.dtype), make), *prepared_bias(task, 2))

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return (*tile_memory(tiles_of(layout_of(task), self.form)), *epilogue_workspace(task))

    def seconds(self, task: Task, machine: Machine) -> float:
        return tile_seconds(tiles_of(layout_of(task), self.form), machine) + finish_seconds(task, machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at = layout_of(task)
        tiles, (weight, *bias) = tiles_of(at, self.form), prepared
        calls = tiles.inner.start(workspace[2])
        for block in tiles.blocks:
            results, made = conv_calls(tiles, block, inputs[0], weight, workspace[:3])
            own = Block(block.images, own_rows(tiles, block))
            y = outputs[0][own.images, own.rows]
            calls += [*made, *(partial(np.copyto, *pair) for pair in placed(y, results))]
            calls += finish_calls(task, inputs, bias, y.reshape(-1, at.features), at.rows_of(own), workspace[3:])
        return in_turn(calls)


class WinogradInput(Kernel):
    """dx: the convolution of dy with the turned weight."""

    form: ClassVar[Form]
    approximate = True
    strided = True

    def applies(self, task: Task) -> bool:
        at = turned(layout_of(task)) if task.main is task.op else None
        return at is not None and has_tiles(at, self.form)

    def _tiles(self, task: Task) -> Tiles:
        at = turned(layout_of(task))
        assert at is not None, "no stride, and no padding beyond the window"
        return tiles_of(at, self.form)

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        at = layout_of(task)
        shape = (self.form.size**2, at.features, at.channels)
        return (Prepared(1, TensorType(shape, at.dtype), partial(transform_turned_weight, self.form)),)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return tile_memory(self._tiles(task))

    def seconds(self, task: Task, machine: Machine) -> float:
        return tile_seconds(self._tiles(task), machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        tiles, weight = self._tiles(task), prepared[0]
        calls = tiles.inner.start(workspace[2])
        for block in tiles.blocks:
            results, made = conv_calls(tiles, block, inputs[0], weight, workspace)
            dx = outputs[0][block.images, own_rows(tiles, block)]
            calls += [*made, *(partial(np.copyto, *pair) for pair in placed(dx, results))]
        return in_turn(calls)


class Winograd4(Winograd):
    name = "convolution by Winograd F(4x4, 3x3)"
    form = Form(4, 3)
    serves: ClassVar[tuple[Key, ...]] = ((Conv, ""),)
    tolerance = 1.5e-5


class Winograd2(Winograd):
    name = "convolution by Winograd F(2x2, 3x3)"
    form = Form(2, 3)
    serves: ClassVar[tuple[Key, ...]] = ((Conv, ""),)
    tolerance = 3e-6


class WinogradInput4(WinogradInput):
    name = "input gradient of convolution by Winograd F(4x4, 3x3)"
    form = Form(4, 3)
    serves: ClassVar[tuple[Key, ...]] = ((Conv, "x"),)
    tolerance = 1.5e-5


class WinogradInput2(WinogradInput):
    name = "input gradient of convolution by Winograd F(2x2, 3x3)"
    form = Form(2, 3)
    serves: ClassVar[tuple[Key, ...]] = ((Conv, "x"),)
    tolerance = 3e-6


class Winograd4x5(Winograd):
    name = "convolution by Winograd F(4x4, 5x5)"
    form = Form(4, 5)
    serves: ClassVar[tuple[Key, ...]] = ((Conv, ""),)
    tolerance = 3e-5


class WinogradInput4x5(WinogradInput):
    name = "input gradient of convolution by Winograd F(4x4, 5x5)"
    form = Form(4, 5)
    serves: ClassVar[tuple[Key, ...]] = ((Conv, "x"),)
    tolerance = 3e-5
