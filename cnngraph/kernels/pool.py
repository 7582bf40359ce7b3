"""Pools: one axis after the other, by shifted views, on a few rows at a time; the edges are clipped, never padded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.blocks import BLOCK, pass_seconds
from cnngraph.kernels.kernel import Call, Kernel, Machine, Task, in_turn
from cnngraph.kernels.slide import Line, Slide, gathered, row_blocks, slides, used
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.globalmaxpool import GlobalMaxPool
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.minpool import MinPool
from cnngraph.ops.pool import ExtremePool, Pool
from cnngraph.ops.sumpool import SumPool


def axes_of(pool: Pool, x: TensorType) -> list[Slide]:
    """The window of a pool over a value of this type, axis by axis."""
    geometry, positions = pool.laid(x.concrete)
    return slides(geometry, x.concrete[1:-1], positions)


def rows_of(axes: Sequence[Slide], x: TensorType) -> int:
    """Numbers that one row of outputs (along the first axis) has in the widest of its intermediate results."""
    widths = [prod(a.outputs for a in axes[1:k]) * prod(a.length for a in axes[k:]) for k in range(1, len(axes) + 1)]
    return max(widths) * x.concrete[-1]


class WindowPool(Kernel):
    """Maxima, minima, sums or averages of windows; a window of k * k elements costs 2 * (k - 1) passes, not k * k."""

    name = "window_pool"
    serves = tuple((op, "") for op in (MaxPool, MinPool, SumPool, AvgPool))
    strided = True

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        (x,), axes = task.inputs, axes_of(_pool(task), task.inputs[0])
        numbers = max(BLOCK, rows_of(axes, x))
        return (TensorType((numbers,), x.dtype),) * min(2, len(axes) - 1)

    def seconds(self, task: Task, machine: Machine) -> float:
        (x,), (y,) = task.inputs, task.outputs
        axes = axes_of(_pool(task), x)
        passes, numbers = 0.0, prod(x.concrete)
        for axis in axes:
            numbers = numbers // axis.length * axis.outputs
            passes += numbers * max(1, axis.size - 1) * 1.5 / prod(y.concrete)
        count = len(_blocks(axes, x)) * sum(axis.size for axis in axes)
        return pass_seconds((x, y), machine, passes, count)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        pool, (x,), (y,) = _pool(task), inputs, outputs
        axes = axes_of(pool, task.inputs[0])
        ufunc, nothing = (pool.better, pool.worst) if isinstance(pool, ExtremePool) else (np.add, 0.0)
        calls: list[Call] = []
        for samples, rows in _blocks(axes, task.inputs[0]):
            block = y[samples, rows.start : rows.stop]
            calls += _pooled(ufunc, nothing, axes, x[samples], block, rows, workspace)
            if isinstance(pool, AvgPool):
                calls.append(partial(np.multiply, block, _shares(pool, x, rows), block))
        return in_turn(calls)


def _blocks(axes: Sequence[Slide], x: TensorType) -> list[tuple[slice, range]]:
    return row_blocks(x.concrete[0], axes[0].outputs, rows_of(axes, x), BLOCK)


def _pooled(
    ufunc: np.ufunc,
    nothing: float,
    axes: Sequence[Slide],
    x: Array,
    y: Array,
    rows: range,
    workspace: Sequence[Array],
) -> list[Call]:
    """y = the pooled rows of some samples: each axis into workspace, the last one into y."""
    calls: list[Call] = []
    for axis, slide in enumerate(axes, start=1):
        outputs = rows if axis == 1 else range(slide.outputs)
        shape = (*x.shape[:axis], len(outputs), *x.shape[axis + 1 :])
        target = y if axis == len(axes) else used(workspace[axis % 2 if len(workspace) > 1 else 0], shape)
        line = Line(x, axis, slide, range(slide.length))
        calls += gathered(ufunc, nothing, slide, line.at, target, axis, outputs)
        x = target
    return calls


def _shares(pool: AvgPool, x: Array, rows: range) -> Array:
    """One by the number of elements of each window: of some rows, or the same for all."""
    shares = (1 / pool.counts(x.shape)).astype(x.dtype)
    return shares.reshape(-1)[:1] if (shares == shares.flat[0]).all() else shares[rows.start : rows.stop]


class GlobalPool(Kernel):
    """The mean of all positions as a product with a vector, and their maximum."""

    name = "global_pool"
    serves = ((GlobalAvgPool, ""), (GlobalMaxPool, ""))

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        x = task.inputs[0]
        return (TensorType((prod(x.concrete[1:-1]),), x.dtype),) if isinstance(task.op, GlobalAvgPool) else ()

    def seconds(self, task: Task, machine: Machine) -> float:
        return pass_seconds(task.inputs, machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        (x,), (y,) = inputs, outputs
        table = x.reshape(len(x), -1, x.shape[-1])  # (N, all positions, C)
        if isinstance(task.op, GlobalMaxPool):
            return partial(np.maximum.reduce, table, axis=1, out=y)
        (share,) = workspace
        product = partial(np.matmul, share, table, y)
        return in_turn([partial(share.fill, 1 / len(share)), product])


def _pool(task: Task) -> Pool:
    assert isinstance(task.main, Pool)
    return task.main
