"""Convolution by shifted products: y += x[shifted] w[i] for each element i of the window, nothing copied.

Its workspace is one block of results, whatever the window: for when memory is short. The products are small, one for
each row of an image, so that others are faster where they have room.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.conv_cost import product_seconds
from cnngraph.kernels.conv_layout import Block, Layout, Tap, layout_of
from cnngraph.kernels.epilogue import epilogue_workspace, finish_calls, finish_seconds, finishable, prepared_bias
from cnngraph.kernels.kernel import Call, Kernel, Key, Machine, Prepared, Task, in_turn
from cnngraph.ops.conv import Conv, cut_groups, matrix

BLOCK_BYTES = 128_000

ROW_SECONDS = 3e-7
"""To begin one of the many small products of a stack."""


def small_blocks(at: Layout) -> list[Block]:
    """Blocks whose results stay in the cache while all elements of the window are added."""
    return at.cut(max(1, BLOCK_BYTES // (at.features // at.groups * at.item_bytes)))


class ShiftedConv(Kernel):
    """y = sum_i x[shifted by i] w[i] + bias, with what is fused behind."""

    name = "convolution by shifted products"
    serves: ClassVar[tuple[Key, ...]] = ((Conv, ""),)
    strided = True
    epilogues = True

    def applies(self, task: Task) -> bool:
        return finishable(task)

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        return prepared_bias(task, 2)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        at = layout_of(task)
        most = max(b.count * b.height for b in small_blocks(at)) * prod(at.outs[1:])
        return (TensorType((most * at.features // at.groups,), at.dtype), *epilogue_workspace(task))

    def seconds(self, task: Task, machine: Machine) -> float:
        at = layout_of(task)
        width, k = at.outs[-1], at.features // at.groups
        taps = prod(at.geometry.size) * at.groups
        product = product_seconds(width, at.channels // at.groups, k, machine, at.dtype) + ROW_SECONDS
        added = 3 * at.rows * k * at.item_bytes / machine.cached_bytes_per_second
        calls = 2 * len(small_blocks(at)) * machine.call_seconds
        return taps * (at.rows // width * product + added + calls) + finish_seconds(task, machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at, y = layout_of(task), outputs[0]
        calls: list[Call] = []
        for block in small_blocks(at):
            part = y[block.images, block.rows]
            calls.append(partial(part.fill, 0))
            for c, k in cut_groups(at.groups, at.channels, at.features):
                for tap in at.taps(block):
                    calls += _tap_calls(
                        tap, inputs[0][block.images, ..., c], inputs[1][..., k], part[..., k], workspace[0]
                    )
            calls += finish_calls(task, inputs, prepared, matrix(part), at.rows_of(block), workspace[1:])
        return in_turn(calls)


def _tap_calls(tap: Tap, x: Array, weight: Array, y: Array, memory: Array) -> list[Call]:
    """Add the product of one element of the window to the outputs that it reaches."""
    target = y[(slice(None), *tap.outs)]
    product = memory[: target.size].reshape(target.shape)
    return [
        partial(np.matmul, x[(slice(None), *tap.positions)], weight[tap.offset], product),
        partial(np.add, target, product, target),
    ]
