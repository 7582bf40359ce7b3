"""Batch normalization: the moments of a part of the batch, and the sums of its gradient.

All sums over rows are products with a vector of ones: BLAS adds columns several times as fast as a reduction does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from math import prod

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.blocks import BLOCK, ROW, block_count, blocks, pass_seconds
from cnngraph.kernels.kernel import Call, Kernel, Machine, Task, in_turn
from cnngraph.ops.conv import matrix
from cnngraph.ops.moments import Moments
from cnngraph.ops.slope_sums import SlopeSums


def row_blocks(rows: int, channels: int) -> list[slice]:
    """Rows of a matrix that make up a block, as even as can be."""
    count = max(1, -(-rows * channels // BLOCK))
    edges = [rows * i // count for i in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(edges) if b > a]


def column_sums(x: Array, ones: Array, out: Array) -> Call:
    """out = the sum of the rows of a matrix."""
    return partial(np.matmul, ones[: len(x)], x, out)


def against(ufunc: np.ufunc, x: Array, vector: Array, row: Array, out: Array) -> list[Call]:
    """out = ufunc(x, vector) for a matrix x and a vector of channels, which `row` first repeats to a long row."""
    long = row[: max(1, min(len(row), x.size) // len(vector)) * len(vector)]
    fill = partial(np.copyto, long.reshape(-1, len(vector)), vector)
    return [fill, *(partial(ufunc, a, r, o) for o, a, r in blocks(out, x, long, numbers=out.size))]


class MomentsByBlock(Kernel):
    """Mean and variance of each block while the cache holds it, joined with those of the blocks before."""

    name = "moments_by_block"
    serves = ((Moments, ""),)
    tolerance = 1e-5  # of means, which may be much smaller than what they are of

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        """A block, a one for each of its rows, three rows of channels, and a long one."""
        x = task.inputs[0]
        rows, channels = prod(x.concrete[:-1]), x.concrete[-1]
        most = max(part.stop - part.start for part in row_blocks(rows, channels))
        sizes = ((most * channels,), (most,), (3, channels), (max(1, ROW // channels) * channels,))
        return tuple(TensorType(size, x.dtype) for size in sizes)

    def seconds(self, task: Task, machine: Machine) -> float:
        x = task.inputs[0]
        return pass_seconds((x,), machine, 4, 9 * block_count(x))

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        x, (mean, variance) = matrix(inputs[0]), outputs
        work, ones, (away, spread, square), row = workspace
        calls: list[Call] = [partial(ones.fill, 1)]
        for part in row_blocks(*x.shape):
            rows, before = x[part], part.start
            count, first = len(rows), part.start == 0
            new_mean, new_variance = (mean, variance) if first else (away, spread)
            centred = work[: rows.size].reshape(rows.shape)
            calls += [column_sums(rows, ones, new_mean), partial(np.divide, new_mean, count, new_mean)]
            calls += [*against(np.subtract, rows, new_mean, row, centred), partial(np.square, centred, centred)]
            calls += [column_sums(centred, ones, new_variance), partial(np.divide, new_variance, count, new_variance)]
            if not first:
                calls += _join(mean, variance, before, away, spread, count, square)
        return in_turn(calls)


def _join(mean: Array, variance: Array, seen: int, away: Array, spread: Array, more: int, square: Array) -> list[Call]:
    """The moments of all rows so far, from those seen and those of `more` others (`away`, `spread`); as `combine`."""
    old, new = seen / (seen + more), more / (seen + more)
    distance: list[Call] = [partial(np.subtract, away, mean, away), partial(np.square, away, square)]
    squares = [partial(np.multiply, square, old * new, square), partial(np.multiply, spread, new, spread)]
    sums = [partial(np.add, square, spread, square), partial(np.multiply, variance, old, variance)]
    move = [partial(np.add, variance, square, variance), partial(np.multiply, away, new, away)]
    return [*distance, *squares, *sums, *move, partial(np.add, mean, away, mean)]


class SlopeSumsByBlock(Kernel):
    """Both sums of a batch normalization's gradient, block by block."""

    name = "slope_sums_by_block"
    serves = ((SlopeSums, ""),)
    tolerance = 1e-5

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return MomentsByBlock().workspace(task)

    def seconds(self, task: Task, machine: Machine) -> float:
        return pass_seconds(task.inputs[:2], machine, 4, 6 * block_count(task.inputs[0]))

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        dy, x, mean, inverse = matrix(inputs[0]), matrix(inputs[1]), *inputs[2:]
        shift, scale = outputs
        work, ones, (some, _, _), row = workspace
        calls: list[Call] = [partial(ones.fill, 1), partial(shift.fill, 0), partial(scale.fill, 0)]
        for part in row_blocks(*x.shape):
            product = work[: x[part].size].reshape(x[part].shape)
            calls += [column_sums(dy[part], ones, some), partial(np.add, shift, some, shift)]
            calls += [
                *against(np.subtract, x[part], mean, row, product),
                partial(np.multiply, product, dy[part], product),
            ]
            calls += [column_sums(product, ones, some), partial(np.add, scale, some, scale)]
        return in_turn([*calls, partial(np.multiply, scale, inverse, scale)])
