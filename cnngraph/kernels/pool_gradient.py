"""Gradients of pools, block by block of rows of the input: no index is kept or followed, no branch depends on data.

The largest value of a window is that of the largest of its rows. So dL/dy goes first to the first such row, for each
row and output column; and from there to the first such element of the row. Rows that blocks share are read by both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import isnan, prod

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.blocks import BLOCK, pass_seconds
from cnngraph.kernels.kernel import Call, Kernel, Machine, Task, in_turn
from cnngraph.kernels.pool import axes_of
from cnngraph.kernels.slide import Slide, gathered, part, row_blocks, spread, used
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.minpool import MinPool
from cnngraph.ops.pool import ExtremePool, Pool
from cnngraph.ops.sumpool import SumPool

NUMBERS = BLOCK // 2
"""Numbers of a block: several intermediate results of its size share the cache."""


class ExtremePoolGradient(Kernel):
    """dL/dy goes to the first largest (smallest) element of each window, in one or two dimensions."""

    name = "extreme_pool_gradient"
    serves = ((MaxPool, "x"), (MinPool, "x"))
    strided = True

    def applies(self, task: Task) -> bool:
        return len(task.outputs[0].shape) <= 4

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        """The best of each row, its gradient, a share of that, and truth values."""
        dx = task.outputs[0]
        most = max(block.numbers(dx) for _, block in _blocks(task))
        return (TensorType((most,), dx.dtype),) * 4

    def seconds(self, task: Task, machine: Machine) -> float:
        rows, columns = _two_axes(task)
        shares = 4.5 * rows.size * rows.outputs * columns.outputs + 5.5 * columns.size * rows.length * columns.outputs
        passes = 1.5 * shares / (rows.length * columns.length)
        calls = len(_blocks(task)) * 5 * (rows.size + columns.size)
        return pass_seconds((*task.inputs, task.outputs[0]), machine, passes, calls)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        pool = _pool(task)
        assert isinstance(pool, ExtremePool)
        dy, x, y, dx = (a if a.ndim == 4 else a[:, None] for a in (*inputs, *outputs))
        calls = [block.to_first(pool, dy[n], x[n], y[n], dx[n], workspace) for n, block in _blocks(task)]
        return in_turn(calls)


class SumPoolGradient(Kernel):
    """dL/dy is added to all elements of its window: to rows first, then along them."""

    name = "sum_pool_gradient"
    serves = ((SumPool, "x"), (AvgPool, "x"))
    strided = True

    def applies(self, task: Task) -> bool:
        return len(task.outputs[0].shape) <= 4

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        """The shares of the elements of each window, and their sums by row."""
        dx = task.outputs[0]
        most = max(block.numbers(dx) for _, block in _blocks(task))
        return (TensorType((most,), dx.dtype),) * 2

    def seconds(self, task: Task, machine: Machine) -> float:
        rows, columns = _two_axes(task)
        passes = 1.5 * (rows.size * columns.outputs / columns.length + columns.size)
        calls = len(_blocks(task)) * (rows.size + columns.size + 3)
        return pass_seconds((*task.inputs, task.outputs[0]), machine, passes, calls)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        dy, dx = (a if a.ndim == 4 else a[:, None] for a in (*inputs, *outputs))
        shares = _shares(_pool(task), task.outputs[0])
        calls = [block.to_all(dy[n], dx[n], shares, workspace) for n, block in _blocks(task)]
        return in_turn(calls)


@dataclass(frozen=True)
class _Block:
    """Some rows of the input of a two-dimensional pool, and the windows that touch them."""

    rows: Slide
    columns: Slide
    samples: int
    places: range

    @property
    def outputs(self) -> range:
        return self.rows.touching(self.places)

    @property
    def reached(self) -> range:
        """The rows of all these windows, and those of the block that are in none."""
        found = self.rows.reached(self.outputs) if self.outputs else self.places
        return range(min(found.start, self.places.start), max(found.stop, self.places.stop))

    def numbers(self, x: TensorType) -> int:
        most = max(len(self.reached), len(self.outputs), len(self.places))
        return self.samples * most * self.columns.outputs * x.concrete[-1]

    def to_all(self, dy: Array, dx: Array, shares: Array, workspace: Sequence[Array]) -> Call:
        """dx = the sum of the shares of the windows that hold an element."""
        dy, dx = part(dy, 1, self.outputs), part(dx, 1, self.places)
        if len(shares) > 1:
            shares = shares[self.outputs.start : self.outputs.stop]
        share = used(workspace[0], dy.shape)
        by_row = used(workspace[1], (self.samples, len(self.places), *dy.shape[2:]))
        every, whole = range(self.columns.outputs), range(self.columns.length)
        to_rows = spread(self.rows, share, by_row, 1, self.outputs, self.places)
        along = spread(self.columns, by_row, dx, 2, every, whole)
        return in_turn([partial(np.multiply, dy, shares, share), *to_rows, *along])

    def to_first(self, pool: ExtremePool, dy: Array, x: Array, y: Array, dx: Array, workspace: Sequence[Array]) -> Call:
        """dx = dy where x is y for the first time in its window."""
        best = used(workspace[0], (self.samples, len(self.reached), *y.shape[2:]))  # of each row, under each column
        by_row = used(workspace[1], (self.samples, len(self.places), *y.shape[2:]))
        columns, whole = range(self.columns.outputs), range(self.columns.length)
        source = part(x, 1, self.reached)
        find = in_turn(gathered(pool.better, pool.worst, self.columns, source, best, 2, columns))
        down = _First(self.rows, 1, self.outputs, self.reached, self.places, workspace[2], workspace[3])
        along = _First(self.columns, 2, columns, whole, whole, workspace[2], workspace[3])
        y, dy, x, dx = (*(part(a, 1, self.outputs) for a in (y, dy)), *(part(a, 1, self.places) for a in (x, dx)))
        inner = part(best, 1, self.places, self.reached.start)

        def both(lost: bool) -> Call:
            return in_turn([*down.calls(best, y, dy, by_row, lost), *along.calls(x, inner, by_row, dx, lost)])

        flat, usual, careful = best.reshape(-1), both(lost=False), both(lost=True)

        def call() -> None:
            find()
            (careful if isnan(np.dot(flat, flat)) else usual)()

        return call


@dataclass(frozen=True)
class _First:
    """Windows along one axis of x, which stands for the places `reached`; dx stands for `places`."""

    slide: Slide
    axis: int
    outputs: range
    reached: range
    places: range
    share: Array
    truths: Array

    def calls(self, x: Array, y: Array, dy: Array, dx: Array, lost: bool) -> list[Call]:
        """dx = dy, each where x is y for the first time in its window.

        `lost`: some values may be no numbers; these count as y.
        """
        share = used(self.share, y.shape)
        here, left, unknown = (used(some, y.shape) for some in np.split(self.truths.view(np.bool_), 4)[:3])
        calls: list[Call] = [partial(dx.fill, 0), partial(left.fill, True)]
        for i in range(self.slide.size):
            some = self.slide.meets(i, self.outputs)
            h, r, u = (self._of(a, some) for a in (here, left, unknown))
            value = part(x, self.axis, self.slide.places(i, some), self.reached.start)
            calls.append(partial(np.equal, value, self._of(y, some), out=h))
            if lost:
                calls += [partial(np.isnan, value, out=u), partial(np.logical_or, h, u, out=h)]
            if i:
                calls.append(partial(np.logical_and, h, r, out=h))
            if i + 1 < self.slide.size:
                calls.append(partial(np.not_equal, r, h, out=r))  # no longer left where it is here
            calls += self._shared(i, self.slide.within(i, some, self.places), here, share, dy, dx)
        return calls

    def _shared(self, i: int, some: range, here: Array, share: Array, dy: Array, dx: Array) -> list[Call]:
        """Add dy to the i-th elements of windows, where `here`."""
        h, s, d = (self._of(a, some) for a in (here, share, dy))
        target = part(dx, self.axis, self.slide.places(i, some), self.places.start)
        if self.slide.size <= self.slide.stride:
            return [partial(np.copyto, s, h), partial(np.multiply, s, d, target)]
        return [partial(np.copyto, s, h), partial(np.multiply, s, d, s), partial(np.add, target, s, target)]

    def _of(self, a: Array, some: range) -> Array:
        return part(a, self.axis, some, self.outputs.start)


class GlobalAvgPoolGradient(Kernel):
    """An equal share of dL/dy for each position."""

    name = "global_avgpool_gradient"
    serves = ((GlobalAvgPool, "x"),)
    strided = True

    def seconds(self, task: Task, machine: Machine) -> float:
        return pass_seconds(task.outputs, machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        (dy,), (dx,) = inputs, outputs
        count = prod(dx.shape[1:-1])
        return partial(np.divide, dy.reshape(len(dy), *(1,) * (dx.ndim - 2), -1), count, out=dx)


def _pool(task: Task) -> Pool:
    assert isinstance(task.main, Gradient)
    assert isinstance(task.main.of, Pool)
    return task.main.of


def _shares(pool: Pool, x: TensorType) -> Array:
    """What of dL/dy each element of a window gets: (rows, columns, 1), or the same for all."""
    if not isinstance(pool, AvgPool):
        return np.ones((1, 1, 1), x.dtype)
    counts = pool.counts(x.concrete)
    if (counts == counts.flat[0]).all():
        counts = counts.reshape(-1)[:1]
    return (1 / counts.reshape((1, 1, *counts.shape)[-3:])).astype(x.dtype)


def _two_axes(task: Task) -> tuple[Slide, Slide]:
    """The window by rows and columns; one axis alone counts as columns."""
    *rows, columns = axes_of(_pool(task), task.outputs[0])
    return (rows[0] if rows else Slide(1, 1, 0, 1, 1)), columns


def _blocks(task: Task) -> list[tuple[slice, _Block]]:
    rows, columns = _two_axes(task)
    samples, *_, channels = task.outputs[0].concrete
    cut = row_blocks(samples, rows.length, columns.outputs * channels, NUMBERS)
    return [(n, _Block(rows, columns, n.stop - n.start, places)) for n, places in cut]
