"""Depthwise convolution: each channel by itself, so there is no product of matrices to make of it.

A few rows are copied between zeros; then one `einsum` goes over all windows and keeps its sums in the first-level
cache. The weights of several positions side by side are one long row, so that its inner loop is long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnngraph.ir.op import Array
from cnngraph.ir.types import ITEM_BYTES, TensorType
from cnngraph.kernels.blocks import BLOCK
from cnngraph.kernels.epilogue import epilogue_workspace, finish_calls, finish_seconds, finishable, prepared_bias
from cnngraph.kernels.kernel import Call, Kernel, Machine, Prepared, Task, in_turn
from cnngraph.kernels.slide import Slide, slides, used
from cnngraph.ops.conv import Conv, matrix
from cnngraph.ops.gradient import Gradient

LONG_ROW = 1024
"""Numbers in the inner loop of a sum: its row of sums stays in the first-level cache."""


@dataclass(frozen=True)
class Planes:
    """A window that slides over rows and columns of `channels` numbers; one axis alone counts as columns."""

    rows: Slide
    columns: Slide
    channels: int

    @property
    def together(self) -> int:
        """Positions side by side in one inner loop; they divide a row of outputs."""
        if self.columns.stride > 1:
            return 1
        most = max(1, LONG_ROW // self.channels)
        return max(t for t in range(1, most + 1) if self.columns.outputs % t == 0)

    @property
    def blocks(self) -> list[range]:
        """Rows of outputs that are computed together."""
        each = max(1, BLOCK // 2 // (self.columns.outputs * self.channels))
        return [range(r, min(r + each, self.rows.outputs)) for r in range(0, self.rows.outputs, each)]

    @property
    def padded_numbers(self) -> int:
        """Of a block of x between zeros."""
        return _covered(self.rows, len(self.blocks[0])) * self.row_numbers

    @property
    def row_numbers(self) -> int:
        return _covered(self.columns, self.columns.outputs) * self.channels

    def padding(self, x: Array, outputs: range, work: Array) -> tuple[list[Call], Array]:
        """The calls that copy the rows of x (H, W, C) that these outputs need between zeros, and where.

        The columns of zeros beside them are there already. Where there are several features for each channel, x is
        repeated.
        """
        height = _covered(self.rows, len(outputs))
        target = used(work, (height, self.row_numbers // self.channels, self.channels))
        first = outputs.start * self.rows.stride - self.rows.before
        inside = range(min(max(first, 0), len(x)), max(0, min(first + height, len(x))))
        above, below = target[: inside.start - first], target[max(inside.stop - first, 0) :]
        columns = _middle(self.columns, target.shape[1])
        middle = target[inside.start - first : inside.stop - first, columns.start : columns.stop]
        source = x[inside.start : inside.stop, : len(columns)]
        repeats = self.channels // x.shape[-1]
        split = as_strided(middle, (*source.shape, repeats), (*middle.strides[:2], *_split(middle, repeats)))
        edges = [partial(edge.fill, 0) for edge in (above, below) if edge.size]
        return [*edges, *([partial(np.copyto, split, source[..., None])] if inside else [])], target

    def windows(self, padded: Array, outputs: range, together: int) -> Array:
        """All windows: (rows', columns' / together, kh, kw, together * C)."""
        row, column, item = padded.strides
        shape = (len(outputs), self.columns.outputs // together, self.rows.size, self.columns.size)
        steps = (row * self.rows.stride, column * self.columns.stride * together)
        holes = (row * self.rows.dilation, column * self.columns.dilation)
        return as_strided(padded, (*shape, together * self.channels), (*steps, *holes, item), writeable=False)

    def sums(self, x: Array, weight: Array, y: Array, outputs: range, work: Array) -> list[Call]:
        """The calls that write y (rows', W', C), these rows of the outputs for one sample x (H, W, C).

        weight: (kh, kw, together * C); rows of y with gaps between the positions are written one by one.
        """
        calls, padded = self.padding(x, outputs, work)
        whole = y.strides[1] == self.channels * y.itemsize
        together = self.together if whole else 1
        target = as_strided(
            y,
            (len(outputs), self.columns.outputs // together, together * self.channels),
            (y.strides[0], y.strides[1] * together, y.itemsize),
        )
        row = weight[..., : together * self.channels]
        window = self.windows(padded, outputs, together)
        return [*calls, partial(np.einsum, "hwijc,ijc->hwc", window, row, out=target)]

    def seconds(self, samples: int, machine: Machine, dtype: str) -> float:
        outputs = samples * self.rows.outputs * self.columns.outputs * self.channels
        short = 1 + 64 / (self.together * self.channels)
        moved = outputs * self.rows.size * self.columns.size * 2 * ITEM_BYTES[dtype] * short
        copied = samples * self.rows.outputs * self.rows.stride * self.row_numbers * 2 * ITEM_BYTES[dtype]
        calls = samples * len(self.blocks) * 3 * machine.call_seconds
        return (moved + copied) / machine.cached_bytes_per_second + calls


def _covered(slide: Slide, outputs: int) -> int:
    """Places of a padded x that so many outputs next to each other cover."""
    return (outputs - 1) * slide.stride + (slide.size - 1) * slide.dilation + 1


def _middle(slide: Slide, covered: int) -> range:
    """The places of a padded row that x itself takes."""
    return range(max(slide.before, 0), min(slide.before + slide.length, covered))


def _split(x: Array, repeats: int) -> tuple[int, int]:
    return (x.strides[-1] * repeats, x.strides[-1])


def _weight_row(planes: Planes, weight: TensorType, source: int) -> Prepared:
    """The wish for the weights of positions side by side: (kh, kw, together * C)."""
    shape = (planes.rows.size, planes.columns.size, planes.together * planes.channels)
    return Prepared(source, TensorType(shape, weight.dtype), partial(_repeat, planes.together))


def _repeat(together: int, weight: Array, out: Array) -> None:
    np.copyto(out.reshape(*out.shape[:2], together, -1), weight.reshape(*out.shape[:2], 1, -1))


def _repeat_turned(together: int, weight: Array, out: Array) -> None:
    _repeat(together, np.flip(weight, tuple(range(weight.ndim - 2))), out)


def planes_of(conv: Conv, x: TensorType, y: TensorType) -> Planes:
    *rows, columns = slides(conv.geometry(x), x.concrete[1:-1], y.concrete[1:-1])
    return Planes(rows[0] if rows else Slide(1, 1, 0, 1, 1), columns, conv.features)


def _is_depthwise(conv: Conv, x: TensorType) -> bool:
    return conv.groups == x.concrete[-1] > 1 and len(x.shape) <= 4


def _images(x: Array) -> Array:
    return x if x.ndim == 4 else x[:, None]


class Depthwise(Kernel):
    """The convolution, with bias and epilogue on each block."""

    name = "depthwise"
    serves = ((Conv, ""),)
    strided = True
    epilogues = True

    def applies(self, task: Task) -> bool:
        assert isinstance(task.main, Conv)
        return _is_depthwise(task.main, task.inputs[0]) and finishable(task)

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        return (_weight_row(self._planes(task), task.inputs[1], 1), *prepared_bias(task, 2))

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        padded = TensorType((self._planes(task).padded_numbers,), task.outputs[0].dtype)
        return (padded, *epilogue_workspace(task))

    def seconds(self, task: Task, machine: Machine) -> float:
        y = task.outputs[0]
        return self._planes(task).seconds(y.concrete[0], machine, y.dtype) + finish_seconds(task, machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        planes, x, y = self._planes(task), _images(inputs[0]), _images(outputs[0])
        weight, *bias = prepared
        calls: list[Call] = [partial(workspace[0].fill, 0)]
        row = planes.columns.outputs
        for n in range(len(x)):
            for some in planes.blocks:
                block = y[n, some.start : some.stop]
                start = (n * planes.rows.outputs + some.start) * row
                rows = slice(start, start + len(some) * row)
                calls += planes.sums(x[n], weight, block, some, workspace[0])
                calls += finish_calls(task, inputs, bias, matrix(block), rows, workspace[1:])
        return in_turn(calls)

    def _planes(self, task: Task) -> Planes:
        assert isinstance(task.main, Conv)
        return planes_of(task.main, task.inputs[0], task.outputs[0])


@dataclass(frozen=True)
class _Phase:
    """Rows and columns of dx that meet the same elements of the windows: there dx is a convolution of dy."""

    planes: Planes
    row: slice  # in dx
    column: slice
    weight_row: slice  # those elements, in the turned window
    weight_column: slice


def _phases(conv: Conv, dx: TensorType, dy: TensorType) -> list[_Phase]:
    planes = planes_of(conv, dx, dy)
    return [
        _Phase(Planes(a, b, planes.channels), row, column, weight_row, weight_column)
        for a, row, weight_row in _phases_along(planes.rows)
        for b, column, weight_column in _phases_along(planes.columns)
    ]


def _phases_along(slide: Slide) -> list[tuple[Slide, slice, slice]]:
    """For each phase of x: the window over dy, the places in x, and the elements of the window, turned round."""
    found = []
    for phase in range(min(slide.stride, slide.length)):
        first = (phase + slide.before) % slide.stride
        count = len(range(first, slide.size, slide.stride))
        shift = (phase + slide.before - first) // slide.stride
        places = range(phase, slide.length, slide.stride)
        before = (count - 1) * slide.dilation - shift
        turned = Slide(count, 1, before, slide.outputs, len(places), slide.dilation)
        last = first + (count - 1) * slide.stride
        found.append((turned, slice(phase, None, slide.stride), slice(slide.size - 1 - last, None, slide.stride)))
    return found


class DepthwiseInputGradient(Kernel):
    """dL/dx as a convolution of dL/dy with the turned weights, for each phase of the stride by itself."""

    name = "depthwise_input_gradient"
    serves = ((Conv, "x"),)
    strided = True

    def applies(self, task: Task) -> bool:
        conv, dx = _conv(task), task.outputs[0]
        alone = conv.features == conv.groups  # several features of a channel would have to be added up
        g = conv.geometry(dx)
        return (
            _is_depthwise(conv, dx)
            and alone
            and all(s == 1 or d == 1 for s, d in zip(g.stride, g.dilation, strict=True))
        )

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        planes = planes_of(_conv(task), task.outputs[0], task.inputs[0])
        together = max(phase.planes.together for phase in self._phases(task))
        shape = (planes.rows.size, planes.columns.size, together * planes.channels)
        return (Prepared(1, TensorType(shape, task.inputs[1].dtype), partial(_repeat_turned, together)),)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        dx = task.outputs[0]
        numbers = [phase.planes.padded_numbers for phase in self._phases(task) if _meets(phase)]
        return (TensorType((max(numbers),), dx.dtype),)

    def seconds(self, task: Task, machine: Machine) -> float:
        dx = task.outputs[0]
        return sum(phase.planes.seconds(dx.concrete[0], machine, dx.dtype) for phase in self._phases(task))

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        dy, dx = _images(inputs[0]), _images(outputs[0])
        calls: list[Call] = []
        for phase in self._phases(task):
            target = dx[:, phase.row, phase.column]
            if not _meets(phase):
                calls.append(partial(target.fill, 0))
                continue
            calls.append(partial(workspace[0].fill, 0))
            weight = prepared[0][phase.weight_row, phase.weight_column]
            for n in range(len(dy)):
                for some in phase.planes.blocks:
                    block = target[n, some.start : some.stop]
                    calls += phase.planes.sums(dy[n], weight, block, some, workspace[0])
        return in_turn(calls)

    def _phases(self, task: Task) -> list[_Phase]:
        return _phases(_conv(task), task.outputs[0], task.inputs[0])


def _meets(phase: _Phase) -> bool:
    return phase.planes.rows.size > 0 and phase.planes.columns.size > 0


class DepthwiseWeightGradient(Kernel):
    """dL/dweight: x, shifted, times dL/dy, and a product with ones for the sums over a block; then over the blocks."""

    name = "depthwise_weight_gradient"
    serves = ((Conv, "weight"),)

    def applies(self, task: Task) -> bool:
        return _is_depthwise(_conv(task), task.inputs[1])

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        """Rows of x between zeros, the products for a row of the window, and their sums."""
        planes, dtype = self._planes(task), task.outputs[0].dtype
        one = len(planes.blocks[0]) * planes.columns.outputs * planes.channels
        numbers = (planes.padded_numbers, planes.columns.size * one, planes.columns.size * planes.channels)
        return tuple(TensorType((n,), dtype) for n in numbers)

    def seconds(self, task: Task, machine: Machine) -> float:
        dy, planes = task.inputs[0], self._planes(task)
        calls = dy.concrete[0] * len(planes.blocks) * 3 * planes.rows.size
        return planes.seconds(dy.concrete[0], machine, dy.dtype) + calls * machine.call_seconds

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        planes, dy, x = self._planes(task), _images(inputs[0]), _images(inputs[1])
        dw = outputs[0].reshape(planes.rows.size, planes.columns.size, planes.channels)
        calls: list[Call] = [partial(workspace[0].fill, 0), partial(dw.fill, 0)]
        for n in range(len(x)):
            for some in planes.blocks:
                filling, padded = planes.padding(x[n], some, workspace[0])
                windows = np.moveaxis(planes.windows(padded, some, 1), (2, 3), (0, 1))  # (kh, kw, rows', W', C)
                calls += [*filling, *_summed(windows, dy[n, some.start : some.stop], dw, workspace[1:])]
        return in_turn(calls)

    def _planes(self, task: Task) -> Planes:
        return planes_of(_conv(task), task.inputs[1], task.inputs[0])


def _summed(windows: Array, dy: Array, dw: Array, workspace: Sequence[Array]) -> list[Call]:
    """The calls for dw (kh, kw, C) += the sum over all positions of windows (kh, kw, rows', W', C) * dy."""
    ones = np.ones(dy.shape[0] * dy.shape[1], dy.dtype)
    products, sums = used(workspace[0], windows.shape[1:]), used(workspace[1], dw.shape[1:])
    table = products.reshape(len(products), len(ones), -1)  # (kw, positions, C)
    calls: list[Call] = []
    for window, target in zip(windows, dw, strict=True):
        calls += [partial(np.multiply, window, dy, products), partial(np.matmul, ones, table, sums)]
        calls.append(partial(np.add, target, sums, target))
    return calls


def _conv(task: Task) -> Conv:
    assert isinstance(task.main, Gradient)
    assert isinstance(task.main.of, Conv)
    return task.main.of
