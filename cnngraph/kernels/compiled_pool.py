"""Maximum pools and their gradients, compiled: one pass over the windows, without intermediate results."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.blocks import pass_seconds
from cnngraph.kernels.compiled import CompiledKernel, call, given, steps_of, stretch
from cnngraph.kernels.kernel import Call, Machine, Task
from cnngraph.kernels.pool import axes_of
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.maxpool import MaxPool

ELEMENT_SECONDS = 4e-9
"""Of each element of each window, however few the channels are."""

NUMBERS_PER_SECOND = 25e9


def _pool(task: Task) -> MaxPool:
    pool = task.op.of if isinstance(task.op, Gradient) else task.op
    assert isinstance(pool, MaxPool)
    return pool


def _geometry(pool: MaxPool, x: TensorType) -> tuple[Any, ...]:
    """Sizes of x; window, steps, holes and padding before, on both axes."""
    axes = axes_of(pool, x)
    sizes, steps = tuple(a.size for a in axes), tuple(a.stride for a in axes)
    return x.concrete, sizes, steps, tuple(a.dilation for a in axes), tuple(a.before for a in axes)


def _seconds(pool: MaxPool, x: TensorType, y: TensorType, machine: Machine) -> float:
    taps = prod(y.concrete[:-1]) * prod(a.size for a in axes_of(pool, x))
    return taps * (ELEMENT_SECONDS + x.concrete[-1] / NUMBERS_PER_SECOND) + pass_seconds((x, y), machine) / 3


class CompiledMaxPool(CompiledKernel):
    """Each result takes the largest of its window."""

    name = "largest of windows, compiled"
    serves = ((MaxPool, ""),)
    strided = True

    def applies(self, task: Task) -> bool:
        return super().applies(task) and task.main is task.op and len(task.inputs[0].shape) == 4

    def seconds(self, task: Task, machine: Machine) -> float:
        return _seconds(_pool(task), task.inputs[0], task.outputs[0], machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        (x,), (y,) = inputs, outputs
        where = given(x), steps_of(x), *_geometry(_pool(task), task.inputs[0])
        lowest = given(np.array([MaxPool.worst], y.dtype))
        return call("pool", "largest", *where, lowest, stretch(y), steps_of(y), y.shape[1:3])


class CompiledMaxPoolGradient(CompiledKernel):
    """What of dL/dy has not met a largest value yet goes on through the elements of its window."""

    name = "to the first largest of windows, compiled"
    serves = ((MaxPool, "x"),)
    strided = True

    def applies(self, task: Task) -> bool:
        return super().applies(task) and task.main is task.op and len(task.outputs[0].shape) == 4

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        dx = task.outputs[0]
        return (TensorType(dx.concrete[-1:], dx.dtype),)

    def seconds(self, task: Task, machine: Machine) -> float:
        return 2 * _seconds(_pool(task), task.outputs[0], task.inputs[0], machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        (dy, x, y), (dx,) = inputs, outputs
        read = [each for a in (dy, x, y) for each in (given(a), steps_of(a))]
        geometry = _geometry(_pool(task), task.outputs[0])
        write = workspace[0], stretch(dx), steps_of(dx), y.shape[1:3]
        return call("pool", "to_first_largest", *read, *geometry, *write)
