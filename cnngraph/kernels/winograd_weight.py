"""The weight gradient of a convolution by Winograd's algorithm, in its domain.

    dw = G^T [sum over tiles of (B^T d B) * (A dy A^T)] G

source: Lavin, Gray: Fast Algorithms for Convolutional Neural Networks, CVPR 2016, section 4; the transpose of its map.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.conv_cost import memory_rate, product_seconds
from cnngraph.kernels.conv_layout import Layout, layout_of
from cnngraph.kernels.kernel import Call, Kernel, Key, Machine, Task, in_turn
from cnngraph.kernels.winograd import Form
from cnngraph.kernels.winograd_conv import has_tiles
from cnngraph.kernels.winograd_tiles import Tiles, transform
from cnngraph.ops.conv import Conv

BLOCK_BYTES = 600_000
"""Of the elements of all tiles of a block."""

LEAST_TILES = 96


def weight_tiles(at: Layout, form: Form) -> Tiles:
    """The tiles in blocks that fit the cache."""
    fitting = BLOCK_BYTES // (form.size**2 * (at.channels + at.features) * at.item_bytes)
    return Tiles.of(form, at, max(LEAST_TILES, fitting))


class WinogradWeight(Kernel):
    """dw from the products of the tiles of x and of dy, added over all of them before they are transformed back."""

    form: ClassVar[Form]
    approximate = True

    def applies(self, task: Task) -> bool:
        return task.main is task.op and has_tiles(layout_of(task), self.form)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        """Tiles of x, tiles of dy, what is between two steps, the sum, a part of the sum; x and dy with padding."""
        at = layout_of(task)
        tiles = weight_tiles(at, self.form)
        n, weights = self.form.size, at.channels * at.features
        more = n * n if len(tiles.blocks) > 1 else n * self.form.window
        return (
            tiles.memory(at.channels),
            tiles.memory(at.features),
            tiles.memory(max(at.channels, at.features)),
            TensorType((n * n, at.channels, at.features), at.dtype),
            TensorType((more * weights,), at.dtype),
            tiles.inner.types()[1],
            tiles.outer.types()[1],
        )

    def seconds(self, task: Task, machine: Machine) -> float:
        at, form = layout_of(task), self.form
        tiles = weight_tiles(at, form)
        n, m, most, blocks = form.size, form.outputs, tiles.most, len(tiles.blocks)
        total = sum(tiles.count(block) for block in tiles.blocks)
        weights = at.channels * at.features
        products = product_seconds(at.channels, most, at.features, machine, at.dtype, n * n)
        inner = product_seconds(n, n, n * most * at.channels, machine, at.dtype) * 2
        outer = product_seconds(n, m, n * most * at.features, machine, at.dtype) * (1 + m / n)
        moved = (n * n * at.channels + m * m * at.features) * most * at.item_bytes
        size = n * n * weights * at.item_bytes
        added = (3 * (blocks - 1) + 2) * size / (2 * memory_rate(size / 8, machine))
        back = product_seconds(form.window, n, n * weights, machine, at.dtype) * (1 + form.window / n)
        each = products + inner + outer + moved / machine.cached_bytes_per_second
        return each * total / most + added + back + 15 * blocks * machine.call_seconds

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at, form = layout_of(task), self.form
        tiles, n = weight_tiles(at, form), form.size
        of_x, of_dy, between, total, more, padded_x, padded_dy = workspace
        calls = [*tiles.inner.start(padded_x), *tiles.outer.start(padded_dy)]
        for index, block in enumerate(tiles.blocks):
            x = tiles.part(of_x, n * n, block, at.channels)
            dy = tiles.part(of_dy, n * n, block, at.features)
            given = tiles.part(of_dy, form.outputs**2, block, at.features)
            calls += tiles.inner.tap_calls(block, inputs[1], x, padded_x)
            calls += transform(form.inner, x, of_x, between)
            calls += tiles.outer.tap_calls(block, inputs[0], given, padded_dy)
            calls += transform(form.outer.T, given, of_dy, between)
            calls += _added(x.swapaxes(1, 2), dy, total, more if index else None)
        return in_turn([*calls, *transform(form.weights.T, total, outputs[0].reshape(-1), more)])


def _added(x: Array, dy: Array, total: Array, part: Array | None) -> list[Call]:
    """total = x dy, or total += x dy where there is memory for that part of the sum."""
    if part is None:
        return [partial(np.matmul, x, dy, total)]
    product = part[: total.size].reshape(total.shape)
    return [partial(np.matmul, x, dy, product), partial(np.add, total, product, total)]


class WinogradWeight4(WinogradWeight):
    name = "weight gradient of convolution by Winograd F(4x4, 3x3)"
    form = Form(4, 3)
    serves: ClassVar[tuple[Key, ...]] = ((Conv, "weight"),)
    tolerance = 1.5e-5


class WinogradWeight2(WinogradWeight):
    name = "weight gradient of convolution by Winograd F(2x2, 3x3)"
    form = Form(2, 3)
    serves: ClassVar[tuple[Key, ...]] = ((Conv, "weight"),)
    tolerance = 3e-6


class WinogradWeight4x5(WinogradWeight):
    name = "weight gradient of convolution by Winograd F(4x4, 5x5)"
    form = Form(4, 5)
    serves: ClassVar[tuple[Key, ...]] = ((Conv, "weight"),)
    tolerance = 3e-5
