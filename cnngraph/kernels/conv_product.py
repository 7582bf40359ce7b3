"""Convolution with a window of one position, and its gradients: one product, with nothing copied.

Not for strides and padding: those are of `conv_rows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.conv_cost import block_rows, product_seconds
from cnngraph.kernels.conv_layout import grouped, layout_of
from cnngraph.kernels.epilogue import epilogue_workspace, finish_calls, finish_seconds, finishable, prepared_bias
from cnngraph.kernels.kernel import Call, Kernel, Key, Machine, Prepared, Task, in_turn
from cnngraph.ops.conv import Conv, matrix
from cnngraph.ops.fused import Fused


class PointwiseConv(Kernel):
    """y = x w + bias, block after block of rows, with what is fused behind."""

    name = "convolution by one product"
    serves: ClassVar[tuple[Key, ...]] = ((Conv, ""),)
    strided = True
    epilogues = True

    def applies(self, task: Task) -> bool:
        return layout_of(task).is_pointwise and finishable(task)

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        return prepared_bias(task, 2)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return epilogue_workspace(task)

    def seconds(self, task: Task, machine: Machine) -> float:
        at, step = layout_of(task), self._block_rows(task)
        blocks = -(-at.rows // step)
        product = product_seconds(min(step, at.rows), at.window, at.features // at.groups, machine, at.dtype)
        return blocks * (at.groups * product + 3 * machine.call_seconds) + finish_seconds(task, machine)

    def _block_rows(self, task: Task) -> int:
        at = layout_of(task)
        finishes = isinstance(task.op, Fused) or len(task.main_inputs) > 2
        return block_rows(at.rows, at.features, at.dtype) if finishes else at.rows

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at, step = layout_of(task), self._block_rows(task)
        x, weight, y = matrix(inputs[0]), grouped(matrix(inputs[1]), at.groups), matrix(outputs[0])
        calls: list[Call] = []
        for start in range(0, at.rows, step):
            rows = slice(start, min(start + step, at.rows))
            calls.append(partial(np.matmul, grouped(x[rows], at.groups), weight, grouped(y[rows], at.groups)))
            calls += finish_calls(task, inputs, prepared, y[rows], rows, workspace)
        return in_turn(calls)


class PointwiseConvInput(Kernel):
    """dx = dy w^T."""

    name = "input gradient of convolution by one product"
    serves: ClassVar[tuple[Key, ...]] = ((Conv, "x"),)
    strided = True

    def applies(self, task: Task) -> bool:
        return layout_of(task).is_pointwise and task.main is task.op

    def seconds(self, task: Task, machine: Machine) -> float:
        at = layout_of(task)
        product = product_seconds(at.rows, at.features // at.groups, at.window, machine, at.dtype)
        return at.groups * product + machine.call_seconds

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        groups = layout_of(task).groups
        dy, weight, dx = (grouped(matrix(each), groups) for each in (*inputs, outputs[0]))
        return partial(np.matmul, dy, weight.swapaxes(1, 2), dx)


class PointwiseConvWeight(Kernel):
    """dw = x^T dy."""

    name = "weight gradient of convolution by one product"
    serves: ClassVar[tuple[Key, ...]] = ((Conv, "weight"),)
    strided = True

    def applies(self, task: Task) -> bool:
        return layout_of(task).is_pointwise and task.main is task.op

    def seconds(self, task: Task, machine: Machine) -> float:
        at = layout_of(task)
        product = product_seconds(at.window, at.rows, at.features // at.groups, machine, at.dtype)
        return at.groups * product + machine.call_seconds

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        groups = layout_of(task).groups
        dy, x, dw = (grouped(matrix(each), groups) for each in (*inputs, outputs[0]))
        return partial(np.matmul, x.swapaxes(1, 2), dy, dw)
