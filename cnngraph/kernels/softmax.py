"""Softmax, its logarithm, the cross-entropy of it, and their gradients, in place on blocks of rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.blocks import BLOCK, block_count, pass_seconds
from cnngraph.kernels.kernel import Call, Kernel, Machine, Task, in_turn
from cnngraph.ops.conv import matrix
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.log_softmax import LogSoftmax
from cnngraph.ops.softmax import Softmax
from cnngraph.ops.softmax_cross_entropy import SoftmaxCrossEntropy


def row_parts(x: TensorType) -> list[slice]:
    """Rows of x, seen as a matrix, that make up a block."""
    *positions, channels = x.concrete
    rows, each = int(np.prod(positions)), max(1, BLOCK // channels)
    return [slice(i, min(i + each, rows)) for i in range(0, rows, each)]


def work_types(x: TensorType, rows: int = 1) -> tuple[TensorType, ...]:
    """A block, and `rows` numbers for each row of it."""
    part = row_parts(x)[0]
    return (TensorType((part.stop, x.concrete[-1]), x.dtype), *(TensorType((part.stop, 1), x.dtype),) * rows)


def softmax_calls(x: Array, y: Array, each: Array) -> list[Call]:
    """y = softmax of the rows of x, which may be y; each: (rows, 1)."""
    return [*_powers(x, y, y, each), partial(np.divide, y, each, y)]


def _powers(x: Array, shifted: Array, powers: Array, each: Array) -> list[Call]:
    """shifted = x - max, powers = exp(shifted), each = their sums by row."""
    calls: list[Call] = [partial(np.maximum.reduce, x, axis=1, out=each, keepdims=True)]
    calls += [partial(np.subtract, x, each, shifted), partial(np.exp, shifted, powers)]
    return [*calls, partial(np.add.reduce, powers, axis=1, out=each, keepdims=True)]


class SoftmaxByRows(Kernel):
    """Softmax and its logarithm."""

    name = "softmax_by_rows"
    serves = ((Softmax, ""), (LogSoftmax, ""))
    strided = True
    in_place = (0,)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return work_types(task.inputs[0])

    def seconds(self, task: Task, machine: Machine) -> float:
        calls = 6 * block_count(task.outputs[0])
        return pass_seconds((*task.inputs, *task.outputs), machine, 8, calls)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        calls: list[Call] = []
        for part in row_parts(task.inputs[0]):
            x, y = matrix(inputs[0])[part], matrix(outputs[0])[part]
            powers, each = (work[: len(x)] for work in workspace)
            if isinstance(task.op, Softmax):
                calls += softmax_calls(x, y, each)
            else:
                calls += [*_powers(x, y, powers, each), partial(np.log, each, each), partial(np.subtract, y, each, y)]
        return in_turn(calls)


class SoftmaxGradient(Kernel):
    """y * (dy - sum(dy * y)) of a softmax, dy - exp(y) * sum(dy) of its logarithm."""

    name = "softmax_gradient"
    serves = ((Softmax, "x"), (LogSoftmax, "x"))
    strided = True
    in_place = (0, 1)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return work_types(task.outputs[0])

    def seconds(self, task: Task, machine: Machine) -> float:
        return pass_seconds((*task.inputs, *task.outputs), machine, 5, 4 * block_count(task.outputs[0]))

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        assert isinstance(task.op, Gradient)
        calls: list[Call] = []
        for part in row_parts(task.outputs[0]):
            dy, y, dx = (matrix(a)[part] for a in (*inputs, *outputs))
            work, each = (work[: len(y)] for work in workspace)
            plain = isinstance(task.op.of, Softmax)
            calls += (_softmax_gradient if plain else _log_softmax_gradient)(dy, y, dx, work, each)
        return in_turn(calls)


def _softmax_gradient(dy: Array, y: Array, dx: Array, work: Array, each: Array) -> list[Call]:
    slope: list[Call] = [partial(np.multiply, dy, y, work)]
    slope.append(partial(np.add.reduce, work, axis=1, out=each, keepdims=True))
    return [*slope, partial(np.subtract, dy, each, work), partial(np.multiply, work, y, dx)]


def _log_softmax_gradient(dy: Array, y: Array, dx: Array, work: Array, each: Array) -> list[Call]:
    total: list[Call] = [partial(np.add.reduce, dy, axis=1, out=each, keepdims=True), partial(np.exp, y, work)]
    return [*total, partial(np.multiply, work, each, work), partial(np.subtract, dy, work, dx)]


class CrossEntropy(Kernel):
    """The mean of -log softmax(logits)[label]."""

    name = "cross_entropy_by_rows"
    serves = ((SoftmaxCrossEntropy, ""),)

    def applies(self, task: Task) -> bool:
        return _is_plain(task.op)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        logits, rows = task.inputs[0], int(np.prod(task.inputs[0].concrete[:-1]))
        return (*work_types(logits, 2), TensorType((rows,), "int64"), TensorType((rows,), logits.dtype))

    def seconds(self, task: Task, machine: Machine) -> float:
        return pass_seconds(task.inputs[:1], machine, 7, 9 * block_count(task.inputs[0]))

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        logits = matrix(inputs[0])
        *blocks, places, losses = workspace
        calls: list[Call] = [_places(inputs[1], places, task.inputs[0])]
        for part in row_parts(task.inputs[0]):
            x, index, loss = logits[part], places[part], losses[part]
            work, each, chosen = (block[: len(x)] for block in blocks)
            calls += _powers(x, work, work, each)
            calls += [partial(np.log, each, each), partial(np.maximum.reduce, x, axis=1, out=loss)]
            calls += [partial(np.add, loss, each[:, 0], loss)]
            calls += [partial(np.copyto, work, x), partial(work.reshape(-1).take, index, None, chosen[:, 0], "clip")]
            calls.append(partial(np.subtract, loss, chosen[:, 0], loss))
        return in_turn(
            [*calls, partial(np.add.reduce, losses, out=outputs[0], keepdims=False), _mean(outputs[0], losses)]
        )


def _places(label: Array, index: Array, logits: TensorType) -> Call:
    """index = for each row, where its label is in the block of the row, seen as one row of numbers."""
    channels, each = logits.concrete[-1], row_parts(logits)[0].stop
    starts = np.arange(index.size) % each * channels
    return partial(np.add, label, starts.reshape(label.shape), index.reshape(label.shape))


def _mean(total: Array, losses: Array) -> Call:
    return partial(np.divide, total, losses.size, out=total)


class CrossEntropyGradient(Kernel):
    """(softmax(logits) - one at the label) * dL/dloss / number of labels."""

    name = "cross_entropy_gradient"
    serves = ((SoftmaxCrossEntropy, "logits"),)

    def applies(self, task: Task) -> bool:
        assert isinstance(task.op, Gradient)
        return _is_plain(task.op.of)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        logits = task.outputs[0]
        rows, each = int(np.prod(logits.concrete[:-1])), row_parts(logits)[0].stop
        column = TensorType((each, 1), logits.dtype)
        return (column, column, TensorType((rows,), "int64"), TensorType((1,), logits.dtype))

    def seconds(self, task: Task, machine: Machine) -> float:
        return pass_seconds((task.outputs[0], task.outputs[0]), machine, 9, 9 * block_count(task.outputs[0]))

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        dloss, logits = inputs[0], matrix(inputs[1])
        *blocks, places, share = workspace
        calls: list[Call] = [
            _places(inputs[2], places, task.outputs[0]),
            partial(np.divide, dloss, places.size, out=share),
        ]
        for part in row_parts(task.outputs[0]):
            x, y, index = logits[part], matrix(outputs[0])[part], places[part]
            each, chosen = (block[: len(x)] for block in blocks)
            flat, one = y.reshape(-1), chosen[:, 0]
            calls += softmax_calls(x, y, each)
            calls += [partial(flat.take, index, None, one, "clip"), partial(np.subtract, one, 1, one)]
            calls += [partial(flat.put, index, one), partial(np.multiply, y, share, y)]
        return in_turn(calls)


def _is_plain(op: object) -> bool:
    return isinstance(op, SoftmaxCrossEntropy) and not op.smoothing and not op.class_weights
