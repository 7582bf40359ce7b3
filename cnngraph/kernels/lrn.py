"""Local response normalization: sums of neighbour channels as sums of one long row, shifted.

A block of rows lies in memory with zeros between the rows, half a window of them, so that one addition of the whole
block to itself, shifted by a channel, is right at the edges, too:

    0 0 a b c d 0 0 e f g h 0 0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.blocks import pass_seconds
from cnngraph.kernels.kernel import Call, Kernel, Machine, Task, in_turn
from cnngraph.kernels.norm import row_blocks
from cnngraph.ops.conv import matrix
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.lrn import Lrn


class LrnForward(Kernel):
    """y = x * energy ** -beta."""

    name = "lrn"
    serves = ((Lrn, ""),)
    tolerance = 5e-6
    strided = True
    in_place = (0,)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return _workspace(task.main, task.outputs[0], 2)

    def seconds(self, task: Task, machine: Machine) -> float:
        assert isinstance(task.main, Lrn)
        passes = 11 + 1.2 * task.main.size
        calls = (9 + task.main.size) * len(row_blocks(*_matrix_shape(task.outputs[0])))
        return pass_seconds((*task.inputs, *task.outputs), machine, passes, calls)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        assert isinstance(task.main, Lrn)
        calls: list[Call] = [partial(workspace[0].fill, 0)]
        for part in row_blocks(*_matrix_shape(task.outputs[0])):
            x, y = matrix(inputs[0])[part], matrix(outputs[0])[part]
            rows = _Rows(task.main, len(x), x.shape[1])
            energy, power = workspace[1][: rows.numbers], workspace[1][: rows.numbers]
            calls += [partial(np.square, x, rows.middle(workspace[0])), *rows.energy(workspace[0], energy)]
            calls += [*rows.power(energy, power), partial(np.multiply, x, rows.table(power), y)]
        return in_turn(calls)


class LrnGradient(Kernel):
    """dy * power - 2 * beta * alpha / size * x * (the sum over neighbours of dy * x * power / energy)."""

    name = "lrn_gradient"
    serves = ((Lrn, "x"),)
    tolerance = 5e-6
    strided = True
    in_place = (0, 1)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return _workspace(_lrn(task), task.outputs[0], 3)

    def seconds(self, task: Task, machine: Machine) -> float:
        size = _lrn(task).size
        calls = (16 + 2 * size) * len(row_blocks(*_matrix_shape(task.outputs[0])))
        return pass_seconds((*task.inputs, *task.outputs), machine, 18 + 2.4 * size, calls)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        op, calls = _lrn(task), list[Call]([partial(workspace[0].fill, 0)])
        for part in row_blocks(*_matrix_shape(task.outputs[0])):
            dy, x, dx = (matrix(a)[part] for a in (*inputs, *outputs))
            rows = _Rows(op, len(x), x.shape[1])
            energy, power = (work[: rows.numbers] for work in workspace[1:])
            middle, sums = rows.middle(workspace[0]), rows.table(energy)
            calls += [partial(np.square, x, middle), *rows.energy(workspace[0], energy), *rows.power(energy, power)]
            calls += [partial(np.divide, power, energy, energy), partial(np.multiply, x, sums, middle)]
            calls += [partial(np.multiply, middle, dy, middle), *rows.neighbours(workspace[0], energy)]
            calls += [partial(np.multiply, sums, x, sums)]
            calls += [partial(np.multiply, energy, 2 * op.beta * op.alpha / op.size, energy)]
            calls += [partial(np.multiply, dy, rows.table(power), dx), partial(np.subtract, dx, sums, dx)]
        return in_turn(calls)


@dataclass(frozen=True)
class _Rows:
    """A block of rows with zeros between them; sums stand at the place of the first of their neighbours."""

    op: Lrn
    count: int
    channels: int

    @property
    def half(self) -> int:
        return min(self.op.size // 2, self.channels - 1)

    @property
    def pitch(self) -> int:
        return self.channels + self.half

    @property
    def numbers(self) -> int:
        return self.count * self.pitch

    def table(self, work: Array) -> Array:
        """The places of the rows among sums: (rows, channels)."""
        return work[: self.numbers].reshape(self.count, self.pitch)[:, : self.channels]

    def middle(self, work: Array) -> Array:
        """The places of the rows between zeros."""
        return self.table(work[self.half :])

    def neighbours(self, x: Array, y: Array) -> list[Call]:
        """y = for each channel the sum of the channels of x at most half a window away."""
        shifted = [x[i : i + self.numbers] for i in range(2 * self.half + 1)]
        if len(shifted) == 1:
            return [partial(np.copyto, y, shifted[0])]
        first: list[Call] = [partial(np.add, shifted[0], shifted[1], y)]
        return [*first, *(partial(np.add, y, more, y) for more in shifted[2:])]

    def energy(self, squares: Array, y: Array) -> list[Call]:
        scale = partial(np.multiply, y, self.op.alpha / self.op.size, y)
        return [*self.neighbours(squares, y), scale, partial(np.add, y, self.op.bias, y)]

    def power(self, energy: Array, y: Array) -> list[Call]:
        """y = energy ** -beta, of which `np.power` would take half as long again."""
        return [partial(np.log, energy, y), partial(np.multiply, y, -self.op.beta, y), partial(np.exp, y, y)]


def _workspace(op: object, x: TensorType, count: int) -> tuple[TensorType, ...]:
    assert isinstance(op, Lrn)
    rows, channels = _matrix_shape(x)
    most = max(part.stop - part.start for part in row_blocks(rows, channels))
    block = _Rows(op, most, channels)
    return (TensorType((block.numbers + 2 * block.half,), x.dtype),) * count


def _matrix_shape(x: TensorType) -> tuple[int, int]:
    return prod(x.concrete[:-1]), x.concrete[-1]


def _lrn(task: Task) -> Lrn:
    assert isinstance(task.main, Gradient)
    assert isinstance(task.main.of, Lrn)
    return task.main.of
