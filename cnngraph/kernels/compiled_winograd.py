"""Winograd's convolution and its gradients with compiled transforms: tiles are read from the image and written into the
result directly, with what is fused behind; the products between are those of BLAS.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.compiled import CompiledKernel, call, given, steps_of, stretch
from cnngraph.kernels.compiled_finish import Finish, bias_of
from cnngraph.kernels.conv_cost import product_seconds
from cnngraph.kernels.conv_layout import Block, Layout, layout_of, turned
from cnngraph.kernels.kernel import Call, Machine, Prepared, Task, in_turn
from cnngraph.kernels.winograd import Form
from cnngraph.kernels.winograd_conv import has_tiles, tiles_of, transform_turned_weight, transform_weight
from cnngraph.kernels.winograd_tiles import Tiles, transform
from cnngraph.kernels.winograd_weight import weight_tiles
from cnngraph.ops.conv import Conv

FORM = Form(4, 3)
SQUARE = FORM.size**2

TOLERANCE = 1.5e-5

TRANSFORMED_BYTES_PER_SECOND = 14e9
TILE_SECONDS = 4e-7


def _work(tiles: Tiles) -> tuple[TensorType, ...]:
    """The transformed tiles of a block, their products with the weight, and what one tile needs."""
    at = tiles.layout
    one = 2 * SQUARE * max(at.channels, at.features)
    return (tiles.memory(at.channels), tiles.memory(at.features), TensorType((one,), at.dtype))


def _transform_seconds(tiles: Tiles) -> float:
    """Both transforms of all tiles."""
    at = tiles.layout
    total = sum(tiles.count(block) for block in tiles.blocks)
    moved = total * SQUARE * (at.channels + at.features) * at.item_bytes
    return moved / TRANSFORMED_BYTES_PER_SECOND + total * TILE_SECONDS


def _conv_seconds(tiles: Tiles, machine: Machine) -> float:
    at = tiles.layout
    counts = [tiles.count(block) for block in tiles.blocks]
    products = sum(SQUARE * product_seconds(n, at.channels, at.features, machine, at.dtype) for n in counts)
    return products + _transform_seconds(tiles) + 4 * len(counts) * machine.call_seconds


def _block(tiles: Tiles, block: Block) -> tuple[int, ...]:
    """As the loops take it: images from, to, rows of tiles from, to, tiles in a row."""
    some, rows = block.images, block.rows
    return (some.start, some.stop, rows.start, rows.stop, tiles.inner.layout.outs[1])


def _into_tiles(tiles: Tiles, block: Block, x: Array, out: Array, work: Array) -> Call:
    """out = B^T d B of the tiles d of x."""
    g = tiles.layout.geometry
    pads = tuple(before for before, _ in g.pad)
    matrix = FORM.inner.astype(x.dtype)
    sizes = (*tiles.layout.positions, tiles.layout.channels)
    where = given(x), steps_of(x), sizes, _block(tiles, block), FORM.outputs, pads
    return call("winograd", "tiles_of_image", *where, given(matrix.reshape(-1)), matrix.shape, work, out)


def _conv_calls(
    tiles: Tiles, x: Array, weight: Array, y: Array, workspace: Sequence[Array], behind: tuple[Any, ...]
) -> Call:
    """The convolution: bias, limits and skip are `behind`."""
    at, (one, two, work), calls = tiles.layout, workspace, list[Call]()
    matrix = FORM.outer.astype(x.dtype)
    for block in tiles.blocks:
        gathered = tiles.part(one, SQUARE, block, at.channels)
        products = tiles.part(two, SQUARE, block, at.features)
        calls.append(_into_tiles(tiles, block, x, one, work))
        calls.append(partial(np.matmul, gathered, weight, products))
        source = given(two), given(matrix.reshape(-1)), matrix.shape, _block(tiles, block), (*at.outs, at.features)
        calls.append(call("winograd", "image_of_tiles", *source, work, *behind, stretch(y), steps_of(y)))
    return in_turn(calls)


class CompiledWinograd(CompiledKernel):
    """y = A^T [U * (B^T d B)] A + bias, with what is fused behind."""

    name = "convolution by Winograd F(4x4, 3x3), compiled"
    serves = ((Conv, ""),)
    approximate = True
    tolerance = TOLERANCE
    strided = True
    epilogues = True

    def applies(self, task: Task) -> bool:
        return super().applies(task) and has_tiles(layout_of(task), FORM) and Finish.of(task) is not None

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        at = layout_of(task)
        return (Prepared(1, TensorType((SQUARE, at.channels, at.features), at.dtype), partial(transform_weight, FORM)),)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return _work(tiles_of(layout_of(task), FORM))

    def seconds(self, task: Task, machine: Machine) -> float:
        return _conv_seconds(tiles_of(layout_of(task), FORM), machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at, finish, y = layout_of(task), Finish.of(task), outputs[0]
        assert finish is not None
        behind = bias_of(task, inputs, 2, at.features), finish.limits(y.dtype), *finish.beside(inputs)
        return _conv_calls(tiles_of(at, FORM), inputs[0], prepared[0], y, workspace, behind)


class CompiledWinogradInput(CompiledKernel):
    """dx: the convolution of dy with the turned weight."""

    name = "input gradient of convolution by Winograd F(4x4, 3x3), compiled"
    serves = ((Conv, "x"),)
    approximate = True
    tolerance = TOLERANCE
    strided = True

    def applies(self, task: Task) -> bool:
        at = turned(layout_of(task)) if super().applies(task) and task.main is task.op else None
        return at is not None and has_tiles(at, FORM)

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        at = layout_of(task)
        shape = (SQUARE, at.features, at.channels)
        return (Prepared(1, TensorType(shape, at.dtype), partial(transform_turned_weight, FORM)),)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return _work(self._tiles(task))

    def seconds(self, task: Task, machine: Machine) -> float:
        return _conv_seconds(self._tiles(task), machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        nothing, dx = Finish(), outputs[0]
        zeros = given(np.zeros(dx.shape[-1], dx.dtype))
        behind = zeros, nothing.limits(dx.dtype), *nothing.beside(inputs)
        return _conv_calls(self._tiles(task), inputs[0], prepared[0], dx, workspace, behind)

    def _tiles(self, task: Task) -> Tiles:
        at = turned(layout_of(task))
        assert at is not None, "no stride, and no padding beyond the window"
        return tiles_of(at, FORM)


class CompiledWinogradWeight(CompiledKernel):
    """dw from the products of the tiles of x and of dy, added over all of them before they are transformed back."""

    name = "weight gradient of convolution by Winograd F(4x4, 3x3), compiled"
    serves = ((Conv, "weight"),)
    approximate = True
    tolerance = TOLERANCE

    def applies(self, task: Task) -> bool:
        return super().applies(task) and task.main is task.op and has_tiles(layout_of(task), FORM)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        """Tiles of x, of dy, and what one needs; the sum, and a part of it or what is between two steps."""
        at = layout_of(task)
        total = TensorType((SQUARE, at.channels, at.features), at.dtype)
        return (*_work(weight_tiles(at, FORM)), total, total)

    def seconds(self, task: Task, machine: Machine) -> float:
        at = layout_of(task)
        tiles = weight_tiles(at, FORM)
        counts = [tiles.count(block) for block in tiles.blocks]
        weights = at.channels * at.features
        products = sum(SQUARE * product_seconds(at.channels, n, at.features, machine, at.dtype) for n in counts)
        added = (3 * (len(counts) - 1) + 3) * SQUARE * weights * at.item_bytes / machine.bytes_per_second
        back = product_seconds(FORM.window, FORM.size, FORM.size * weights, machine, at.dtype) * 1.5
        return products + _transform_seconds(tiles) + added + back + 5 * len(counts) * machine.call_seconds

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at, (of_x, of_dy, work, total, more), calls = layout_of(task), workspace, list[Call]()
        tiles = weight_tiles(at, FORM)
        for index, block in enumerate(tiles.blocks):
            x = tiles.part(of_x, SQUARE, block, at.channels).swapaxes(1, 2)
            dy = tiles.part(of_dy, SQUARE, block, at.features)
            calls.append(_into_tiles(tiles, block, inputs[1], of_x, work))
            calls.append(_results_into_tiles(tiles, block, at, inputs[0], of_dy, work))
            calls.append(partial(np.matmul, x, dy, more if index else total))
            calls += [partial(np.add, total, more, total)] if index else []
        return in_turn([*calls, *transform(FORM.weights.T, total, outputs[0].reshape(-1), more.reshape(-1))])


def _results_into_tiles(tiles: Tiles, block: Block, at: Layout, dy: Array, out: Array, work: Array) -> Call:
    """out = A dy A^T of the tiles of dy, which do not overlap."""
    matrix = FORM.outer.T.astype(dy.dtype)
    where = given(dy), steps_of(dy), (*at.outs, at.features), _block(tiles, block), FORM.outputs, (0, 0)
    return call("winograd", "tiles_of_image", *where, given(matrix.reshape(-1)), matrix.shape, work, out)
