"""Convolution by copied rows: the windows of a block of positions become rows of a matrix, then one product.

Any stride, dilation, padding and number of groups, in one to three dimensions. In an array with channels last, a row of
a window is one run of memory, so that copying is cheap beside the product (Chellapilla, Puri, Simard, IWFHR 2006).
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
from cnngraph.kernels.conv_layout import Columns, Layout, grouped, layout_of, turn, turned
from cnngraph.kernels.epilogue import epilogue_workspace, finish_calls, finish_seconds, finishable, prepared_bias
from cnngraph.kernels.kernel import Call, Kernel, Key, Machine, Prepared, Task, in_turn
from cnngraph.ops.conv import Conv, matrix
from cnngraph.ops.fused import Fused

BLOCK_BYTES = 512_000
"""Of the windows of one block and its result: half of a second-level cache."""

LEAST_ROWS = 384
"""Of a block: BLAS brings the weight into its own order again for each block."""

RUN_SECONDS = 5e-9
"""To begin one run of memory, in a copy of many."""


def columns_of(at: Layout) -> Columns:
    """The windows in blocks that fit the cache."""
    return Columns(at, at.cut(max(LEAST_ROWS, _fitting_rows(at))))


def _fitting_rows(at: Layout) -> int:
    return BLOCK_BYTES // ((at.groups * at.window + at.features) * at.item_bytes)


def copy_seconds(columns: Columns, machine: Machine) -> float:
    """Time to copy all windows, and the input into its padding."""
    at = columns.layout
    whole_rows = at.groups == 1 and at.geometry.dilation[-1] == 1
    run = at.channels // at.groups * (at.geometry.size[-1] if whole_rows else 1)
    runs = at.rows * at.groups * at.window // run
    padded = at.images * prod(at.positions) * at.channels if columns.padded_shape[0] else 0
    numbers = at.rows * at.groups * at.window + 2 * padded
    return runs * RUN_SECONDS + numbers * at.item_bytes / machine.cached_bytes_per_second


class RowsConv(Kernel):
    """y = columns w + bias, straight into the rows of y, with what is fused behind."""

    name = "convolution by copied rows"
    serves: ClassVar[tuple[Key, ...]] = ((Conv, ""),)
    strided = True
    epilogues = True

    def applies(self, task: Task) -> bool:
        return finishable(task)

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        return prepared_bias(task, 2)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return (*columns_of(layout_of(task)).types(), *epilogue_workspace(task))

    def seconds(self, task: Task, machine: Machine) -> float:
        columns = columns_of(layout_of(task))
        calls = (5 + len(task.inputs)) * len(columns.blocks) * machine.call_seconds
        return rows_seconds(columns, machine) + finish_seconds(task, machine) + calls

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at = layout_of(task)
        columns, (memory, padded, *scratch) = columns_of(at), workspace
        weight = grouped(matrix(inputs[1]).reshape(-1, at.features), at.groups)
        calls = columns.start(padded)
        for block in columns.blocks:
            y, rows = columns.result(block, outputs[0]), at.rows_of(block)
            calls += columns.calls(block, inputs[0], memory, padded)
            calls.append(partial(np.matmul, columns.matrix(block, memory), weight, grouped(y, at.groups)))
            calls += finish_calls(task, inputs, prepared, y, rows, scratch)
        return in_turn(calls)


def rows_seconds(columns: Columns, machine: Machine) -> float:
    """Copies and products of all blocks."""
    at = columns.layout
    rows = columns.shape[1]
    product = product_seconds(rows, at.window, at.features // at.groups, machine, at.dtype) * at.rows / rows
    return copy_seconds(columns, machine) + at.groups * product


class TurnedRowsConv(Kernel):
    """The input gradient for stride 1: the convolution of dy with the turned weight."""

    name = "input gradient of convolution by copied rows"
    serves: ClassVar[tuple[Key, ...]] = ((Conv, "x"),)
    strided = True

    def applies(self, task: Task) -> bool:
        return task.main is task.op and turned(layout_of(task)) is not None

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        return (turned_weight(task),)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return columns_of(_turned(task)).types()

    def seconds(self, task: Task, machine: Machine) -> float:
        columns = columns_of(_turned(task))
        return rows_seconds(columns, machine) + 5 * len(columns.blocks) * machine.call_seconds

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at = _turned(task)
        columns, (memory, padded) = columns_of(at), workspace
        weight = grouped(prepared[0].reshape(-1, at.features), at.groups)
        calls = columns.start(padded)
        for block in columns.blocks:
            y = grouped(columns.result(block, outputs[0]), at.groups)
            calls += columns.calls(block, inputs[0], memory, padded)
            calls.append(partial(np.matmul, columns.matrix(block, memory), weight, y))
        return in_turn(calls)


def _turned(task: Task) -> Layout:
    at = turned(layout_of(task))
    assert at is not None, "no stride, and no padding beyond the window"
    return at


def turned_weight(task: Task) -> Prepared:
    """The wish for the weight of the turned convolution."""
    at = layout_of(task)
    shape = (*at.geometry.size, at.features // at.groups, at.channels)
    return Prepared(1, TensorType(shape, at.dtype), partial(turn, at))


class SpreadConv(Kernel):
    """The input gradient for any stride: dy w^T gives for each window what it adds to its positions, tap by tap."""

    name = "input gradient of convolution by added windows"
    serves: ClassVar[tuple[Key, ...]] = ((Conv, "x"),)
    strided = True

    def applies(self, task: Task) -> bool:
        return task.main is task.op

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return columns_of(layout_of(task)).types()[:1]

    def seconds(self, task: Task, machine: Machine) -> float:
        at = layout_of(task)
        return spread_seconds(columns_of(at), machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at = layout_of(task)
        columns, memory = columns_of(at), workspace[0]
        weight = grouped(inputs[1].reshape(-1, at.features), at.groups).swapaxes(1, 2)
        calls: list[Call] = [partial(outputs[0].fill, 0)]
        for block in columns.blocks:
            dy, windows = grouped(columns.result(block, inputs[0]), at.groups), columns.matrix(block, memory)
            calls.append(partial(np.matmul, dy, weight, windows))
            calls += columns.add_calls(block, windows, outputs[0])
        return in_turn(calls)


def spread_seconds(columns: Columns, machine: Machine) -> float:
    """Products of all blocks, and adding their windows."""
    at, rows = columns.layout, columns.shape[1]
    product = product_seconds(rows, at.features // at.groups, at.window, machine, at.dtype) * at.rows / rows
    each = at.channels // at.groups
    runs = at.rows * at.groups * at.window // each
    added = runs * 2 * RUN_SECONDS + 3 * runs * each * at.item_bytes / machine.cached_bytes_per_second
    cleared = at.images * prod(at.positions) * at.channels * at.item_bytes / machine.bytes_per_second
    calls = len(columns.blocks) * (1 + prod(at.geometry.size) * at.groups) * machine.call_seconds
    return at.groups * product + added + cleared + calls


class RowsConvWeight(Kernel):
    """dw = columns^T dy, added over the blocks."""

    name = "weight gradient of convolution by copied rows"
    serves: ClassVar[tuple[Key, ...]] = ((Conv, "weight"),)
    strided = True

    def applies(self, task: Task) -> bool:
        return not isinstance(task.op, Fused)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        at = layout_of(task)
        columns = weight_columns_of(at)
        part = (at.groups, at.window, at.features // at.groups) if len(columns.blocks) > 1 else (0,)
        return (*columns.types(), TensorType(part, at.dtype))

    def seconds(self, task: Task, machine: Machine) -> float:
        at = layout_of(task)
        columns = weight_columns_of(at)
        blocks, rows = len(columns.blocks), columns.shape[1]
        product = product_seconds(at.window, rows, at.features // at.groups, machine, at.dtype) * at.rows / rows
        size = at.window * at.features * at.item_bytes
        rate = machine.cached_bytes_per_second if size < BLOCK_BYTES else machine.bytes_per_second
        added = (blocks - 1) * 3 * size / rate
        return copy_seconds(columns, machine) + at.groups * product + added + 5 * blocks * machine.call_seconds

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at = layout_of(task)
        columns, (memory, padded, part) = weight_columns_of(at), workspace
        total = grouped(matrix(outputs[0]), at.groups)  # (groups, window, features / groups)
        calls = columns.start(padded)
        for index, block in enumerate(columns.blocks):
            windows = columns.matrix(block, memory).swapaxes(1, 2)
            dy = grouped(columns.result(block, inputs[0]), at.groups)
            calls += columns.calls(block, inputs[1], memory, padded)
            calls.append(partial(np.matmul, windows, dy, part if index else total))
            calls += [partial(np.add, total, part, total)] if index else []
        return in_turn(calls)


def weight_columns_of(at: Layout) -> Columns:
    """Blocks that are large beside the weight: its gradient is gone over once more for each of them."""
    return Columns(at, at.cut(max(LEAST_ROWS, _fitting_rows(at))))
