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
from cnngraph.kernels.slide import At, Line, Slide, gathered, part, row_blocks, spread, used
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.minpool import MinPool
from cnngraph.ops.pool import ExtremePool, Pool
from cnngraph.ops.sumpool import SumPool

NUMBERS = 2 * BLOCK
"""Numbers of a block: smaller ones would read more rows twice, where windows of two blocks overlap."""


class ExtremePoolGradient(Kernel):
    """dL/dy goes to the first largest (smallest) element of each window, in one or two dimensions."""

    name = "extreme_pool_gradient"
    serves = ((MaxPool, "x"), (MinPool, "x"))
    strided = True

    def applies(self, task: Task) -> bool:
        return len(task.outputs[0].shape) <= 4

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        """The best of each row, its gradient, a share of that, truth values; rows of x and dx, column by column."""
        dx = task.outputs[0]
        blocks = [block for _, block in _blocks(task)]
        most = TensorType((max(block.numbers(dx) for block in blocks),), dx.dtype)
        rows = TensorType((max(block.row_numbers(dx) for block in blocks),), dx.dtype)
        return (most, most, most, most, rows, rows)

    def seconds(self, task: Task, machine: Machine) -> float:
        rows, columns = _two_axes(task)
        shares = 5 * rows.size * rows.outputs * columns.outputs + 5 * columns.size * rows.length * columns.outputs
        passes = 4 + 2 * shares / (rows.length * columns.length)
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

    def row_numbers(self, x: TensorType) -> int:
        """Of x itself, where its columns are put in another order."""
        apart = self.columns.stride > 1
        return self.samples * len(self.reached) * self.columns.length * x.concrete[-1] if apart else 1

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
        down = _First(self.rows, 1, self.outputs, self.places, workspace[2], workspace[3])
        along = _First(self.columns, 2, columns, whole, workspace[2], workspace[3])
        y, dy = (part(a, 1, self.outputs) for a in (y, dy))
        inner = part(best, 1, self.places, self.reached.start)
        from_rows, to_rows = Line(best, 1, self.rows, self.reached), Line(by_row, 1, self.rows, self.places)
        x_columns = _Columns(part(x, 1, self.reached), self.columns, workspace[4])
        dx_columns = _Columns(part(dx, 1, self.places), self.columns, workspace[5])
        find = gathered(pool.better, pool.worst, self.columns, x_columns.at, best, 2, columns)
        own = range(self.places.start - self.reached.start, self.places.stop - self.reached.start)

        def x_at(i: int, outputs: range) -> Array:
            return part(x_columns.at(i, outputs), 1, own)

        def both(lost: bool) -> Call:
            first = down.calls(from_rows.at, y, dy, to_rows.at, lost)
            then = along.calls(x_at, inner, by_row, dx_columns.at, lost)
            return in_turn([*first, *then])

        begin = in_turn([*x_columns.take(), *find, partial(by_row.fill, 0), *dx_columns.clear()])
        flat, usual, careful = best.reshape(-1), both(lost=False), both(lost=True)
        end = in_turn(dx_columns.give())

        def call() -> None:
            begin()
            (careful if isnan(np.dot(flat, flat)) else usual)()
            end()

        return call


@dataclass(frozen=True)
class _Columns:
    """The columns of x (N, H, W, C), those that are a stride apart side by side in memory: long inner loops.

    a0 b0 a1 b1 a2    ->    a0 a1 a2, b0 b1        stride 2
    """

    x: Array
    slide: Slide
    work: Array

    @property
    def phases(self) -> list[Array]:
        step, start, found = self.slide.stride, 0, []
        for phase in range(min(step, self.slide.length) if step > 1 else 0):
            shape = self.x[:, :, phase::step].shape
            found.append(used(self.work[start:], shape))
            start += found[-1].size
        return found

    def at(self, i: int, outputs: range) -> Array:
        places = self.slide.places(i, outputs)
        if self.slide.stride == 1:
            return part(self.x, 2, places)
        index, phase = divmod(places.start, self.slide.stride)
        return part(self.phases[phase], 2, range(index, index + len(outputs))) if outputs else self.x[:, :, :0]

    def take(self) -> list[Call]:
        return [partial(np.copyto, a, self._columns(phase)) for phase, a in enumerate(self.phases)]

    def clear(self) -> list[Call]:
        return [partial(a.fill, 0) for a in self.phases or [self.x]]

    def give(self) -> list[Call]:
        return [partial(np.copyto, self._columns(phase), a) for phase, a in enumerate(self.phases)]

    def _columns(self, phase: int) -> Array:
        return self.x[:, :, phase :: self.slide.stride]


@dataclass(frozen=True)
class _First:
    """Windows along one axis; of x and dx, `places` are there."""

    slide: Slide
    axis: int
    outputs: range
    places: range
    share: Array
    truths: Array

    def calls(self, x: At, y: Array, dy: Array, dx: At, lost: bool) -> list[Call]:
        """dx += dy, each where x is y for the first time in its window.

        `lost`: some values may be no numbers; these count as y.
        """
        share = used(self.share, y.shape)
        here, left, unknown = (used(some, y.shape) for some in np.split(self.truths.view(np.bool_), 4)[:3])
        calls: list[Call] = [partial(left.fill, True)]
        last = self.slide.size - 1
        for i in range(self.slide.size):
            some = self.slide.meets(i, self.outputs)
            h, r, u = (self._of(a, some) for a in (here, left, unknown))
            if i < last:
                calls.append(partial(np.equal, x(i, some), self._of(y, some), out=h))
                if lost:
                    calls += [partial(np.isnan, x(i, some), out=u), partial(np.logical_or, h, u, out=h)]
                calls += [partial(np.logical_and, h, r, out=h)] if i else []
                calls.append(partial(np.not_equal, r, h, out=r))  # no longer left where it is here
            found = here if i < last else left  # what is left is in the last element
            calls += self._shared(i, self.slide.within(i, some, self.places), found, share, dy, dx)
        return calls

    def _shared(self, i: int, some: range, found: Array, share: Array, dy: Array, dx: At) -> list[Call]:
        """Add dy to the i-th elements of windows, where `found`."""
        h, s, d = (self._of(a, some) for a in (found, share, dy))
        if self.slide.size <= self.slide.stride:
            return [partial(np.copyto, s, h), partial(np.multiply, s, d, dx(i, some))]
        target = dx(i, some)
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
