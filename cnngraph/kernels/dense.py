"""Linear maps and their gradients: one product each, written straight to its place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.conv_cost import block_rows, product_seconds
from cnngraph.kernels.epilogue import epilogue_workspace, finish_calls, finish_seconds, finishable, prepared_bias
from cnngraph.kernels.kernel import Call, Kernel, Key, Machine, Prepared, Task, in_turn
from cnngraph.ops.conv import Conv, matrix
from cnngraph.ops.dense import Dense
from cnngraph.ops.fused import Fused
from cnngraph.ops.linear import Linear
from cnngraph.ops.upconv import UpConv


def _sizes(x: TensorType, weight: TensorType) -> tuple[int, int, int]:
    """Rows, channels, features."""
    channels, features = weight.concrete
    return prod(x.concrete[:-1]), channels, features


class Product(Kernel):
    """y = x w + bias, with what is fused behind."""

    name = "linear map by one product"
    serves: ClassVar[tuple[Key, ...]] = ((Dense, ""), (Linear, ""))
    strided = True
    epilogues = True

    def applies(self, task: Task) -> bool:
        return finishable(task)

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        return prepared_bias(task, 2)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return epilogue_workspace(task)

    def seconds(self, task: Task, machine: Machine) -> float:
        rows, channels, features = _sizes(*task.inputs[:2])
        step = self._block_rows(task)
        blocks = -(-rows // step)
        product = product_seconds(min(rows, step), channels, features, machine, task.inputs[0].dtype)
        return blocks * (product + 3 * machine.call_seconds) + finish_seconds(task, machine)

    def _block_rows(self, task: Task) -> int:
        rows, _, features = _sizes(*task.inputs[:2])
        finishes = isinstance(task.op, Fused) or len(task.main_inputs) > 2
        return block_rows(rows, features, task.inputs[0].dtype) if finishes else rows

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        x, weight, y, step = matrix(inputs[0]), inputs[1], matrix(outputs[0]), self._block_rows(task)
        calls: list[Call] = []
        for start in range(0, len(x), step):
            rows = slice(start, min(start + step, len(x)))
            calls.append(partial(np.matmul, x[rows], weight, y[rows]))
            calls += finish_calls(task, inputs, prepared, y[rows], rows, workspace)
        return in_turn(calls)


class ProductInput(Kernel):
    """dx = dy w^T."""

    name = "input gradient of a linear map"
    serves: ClassVar[tuple[Key, ...]] = ((Dense, "x"), (Linear, "x"))
    strided = True

    def applies(self, task: Task) -> bool:
        return task.main is task.op

    def seconds(self, task: Task, machine: Machine) -> float:
        rows, channels, features = _sizes(task.outputs[0], task.inputs[1])
        return product_seconds(rows, features, channels, machine, task.inputs[0].dtype) + machine.call_seconds

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        return partial(np.matmul, matrix(inputs[0]), inputs[1].T, matrix(outputs[0]))


class ProductWeight(Kernel):
    """dw = x^T dy; of a single row the outer product, which needs no order of its own for the factors."""

    name = "weight gradient of a linear map"
    serves: ClassVar[tuple[Key, ...]] = ((Dense, "weight"), (Linear, "weight"))
    strided = True

    def applies(self, task: Task) -> bool:
        return task.main is task.op

    def seconds(self, task: Task, machine: Machine) -> float:
        rows, channels, features = _sizes(task.inputs[1], task.outputs[0])
        return product_seconds(channels, rows, features, machine, task.inputs[0].dtype) + machine.call_seconds

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        dy, x = matrix(inputs[0]), matrix(inputs[1])
        if len(x) == 1:
            return partial(np.multiply, x.T, dy, outputs[0])
        return partial(np.matmul, x.T, dy, outputs[0])


class BiasGradient(Kernel):
    """The sum over all rows: the product of a row of ones with them, which BLAS adds in several sums at a time."""

    name = "bias gradient by one product"
    serves: ClassVar[tuple[Key, ...]] = tuple((op, "bias") for op in (Conv, Dense, Linear, UpConv))

    def applies(self, task: Task) -> bool:
        return task.main is task.op

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return (TensorType((prod(task.inputs[0].concrete[:-1]),), task.inputs[0].dtype),)

    def seconds(self, task: Task, machine: Machine) -> float:
        size = np.dtype(task.inputs[0].dtype).itemsize * prod(task.inputs[0].concrete)
        return size / machine.bytes_per_second + 2 * machine.call_seconds

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        return in_turn([partial(workspace[0].fill, 1), partial(np.matmul, workspace[0], matrix(inputs[0]), outputs[0])])
