"""Transposed convolution and its gradients, by the windows of the convolution from its output to its input.

Forward adds windows, as the input gradient of a convolution does; its own input gradient copies windows to rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import ClassVar, cast

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.conv_cost import block_rows, product_seconds
from cnngraph.kernels.conv_layout import Layout, grouped
from cnngraph.kernels.conv_rows import columns_of, copy_seconds, rows_seconds, spread_seconds
from cnngraph.kernels.epilogue import epilogue_workspace, finish_calls, finish_seconds, finishable
from cnngraph.kernels.kernel import Call, Kernel, Key, Machine, Prepared, Task, in_turn
from cnngraph.ops.conv import matrix
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.upconv import UpConv


def reversed_layout(task: Task) -> Layout:
    """The convolution from the output to the input: its channels are the features, its features the channels."""
    main = task.main
    if isinstance(main, Gradient):
        op, x, y = cast(UpConv, main.of), main.input_types[0], main.result_types[0]
    else:
        op, x, y = cast(UpConv, main), task.inputs[0], task.outputs[0]
    images, *positions, channels = x.concrete
    outs = tuple(positions)
    g = op.geometry(len(outs))
    return Layout(g, images, y.concrete[1:-1], outs, op.features, channels, op.groups, x.dtype)


def by_group(at: Layout, weight: Array) -> Array:
    """The view (groups, channels of x / groups, window, features / groups) of a weight."""
    split = weight.reshape(prod(at.geometry.size), at.features // at.groups, at.groups, at.channels // at.groups)
    return split.transpose(2, 1, 0, 3)


def prepared_weight(task: Task, turned: bool) -> Prepared:
    """The wish for the weight of each group as a matrix, from channels to windows, or `turned` to the other way."""
    at = reversed_layout(task)
    shape = (at.groups, at.features // at.groups, at.window)

    def make(weight: Array, out: Array) -> None:
        source = by_group(at, weight)  # (groups, channels, window, features)
        source = source.transpose(0, 2, 3, 1) if turned else source
        np.copyto(out.reshape(source.shape), source)

    return Prepared(1, TensorType((shape[0], shape[2], shape[1]) if turned else shape, at.dtype), make)


class SpreadUpConv(Kernel):
    """y = bias, then each position of x adds its window."""

    name = "transposed convolution by added windows"
    serves: ClassVar[tuple[Key, ...]] = ((UpConv, ""),)
    strided = True
    epilogues = True

    def applies(self, task: Task) -> bool:
        return finishable(task)

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        return (prepared_weight(task, turned=False),)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return (columns_of(reversed_layout(task)).types()[0], *epilogue_workspace(task))

    def seconds(self, task: Task, machine: Machine) -> float:
        return spread_seconds(columns_of(reversed_layout(task)), machine) + finish_seconds(task, machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at = reversed_layout(task)
        columns, weight, y = columns_of(at), prepared[0], outputs[0]
        has_bias = len(task.main_inputs) > 2
        calls: list[Call] = [partial(np.copyto, y, inputs[2]) if has_bias else partial(y.fill, 0)]
        for block in columns.blocks:
            x, windows = columns.result(block, inputs[0]), columns.matrix(block, workspace[0])
            calls.append(partial(np.matmul, grouped(x, at.groups), weight, windows))
            calls += columns.add_calls(block, windows, y)
        result = matrix(y)
        step = block_rows(len(result), at.channels, at.dtype)
        for start in range(0, len(result), step):
            rows = slice(start, min(start + step, len(result)))
            calls += finish_calls(task, inputs, (), result[rows], rows, workspace[1:])
        return in_turn(calls)


class RowsUpConvInput(Kernel):
    """dx = columns of dy w^T: a convolution."""

    name = "input gradient of transposed convolution by copied rows"
    serves: ClassVar[tuple[Key, ...]] = ((UpConv, "x"),)
    strided = True

    def applies(self, task: Task) -> bool:
        return task.main is task.op

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        return (prepared_weight(task, turned=True),)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return columns_of(reversed_layout(task)).types()

    def seconds(self, task: Task, machine: Machine) -> float:
        columns = columns_of(reversed_layout(task))
        return rows_seconds(columns, machine) + 5 * len(columns.blocks) * machine.call_seconds

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at = reversed_layout(task)
        columns, (memory, padded) = columns_of(at), workspace
        calls = columns.start(padded)
        for block in columns.blocks:
            dx = grouped(columns.result(block, outputs[0]), at.groups)
            calls += columns.calls(block, inputs[0], memory, padded)
            calls.append(partial(np.matmul, columns.matrix(block, memory), prepared[0], dx))
        return in_turn(calls)


class RowsUpConvWeight(Kernel):
    """dw = x^T columns of dy, added over the blocks, then put into the order of the weight."""

    name = "weight gradient of transposed convolution by copied rows"
    serves: ClassVar[tuple[Key, ...]] = ((UpConv, "weight"),)

    def applies(self, task: Task) -> bool:
        return task.main is task.op

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        at = reversed_layout(task)
        total = TensorType((at.groups, at.features // at.groups, at.window), at.dtype)
        return (*columns_of(at).types(), total, total)

    def seconds(self, task: Task, machine: Machine) -> float:
        at = reversed_layout(task)
        columns = columns_of(at)
        blocks, rows = len(columns.blocks), columns.shape[1]
        product = product_seconds(at.features // at.groups, rows, at.window, machine, at.dtype) * at.rows / rows
        added = 3 * blocks * at.window * at.features * at.item_bytes / machine.bytes_per_second
        return copy_seconds(columns, machine) + at.groups * product + added + 5 * blocks * machine.call_seconds

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at = reversed_layout(task)
        columns, (memory, padded, total, part) = columns_of(at), workspace
        calls = columns.start(padded)
        for index, block in enumerate(columns.blocks):
            x = grouped(columns.result(block, inputs[1]), at.groups).swapaxes(1, 2)
            calls += columns.calls(block, inputs[0], memory, padded)
            calls.append(partial(np.matmul, x, columns.matrix(block, memory), part if index else total))
            calls += [partial(np.add, total, part, total)] if index else []
        ordered = by_group(at, outputs[0])
        calls.append(partial(np.copyto, ordered, total.reshape(ordered.shape)))
        return in_turn(calls)
