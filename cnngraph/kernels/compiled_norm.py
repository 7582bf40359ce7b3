"""Batch normalization while training: the moments, and the sums of its gradient, in one pass each."""

from __future__ import annotations

from collections.abc import Sequence

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.blocks import pass_seconds
from cnngraph.kernels.compiled import CompiledKernel, call, given, row_step
from cnngraph.kernels.kernel import Call, Machine, Task
from cnngraph.ops.moments import Moments
from cnngraph.ops.slope_sums import SlopeSums

ROW_SECONDS = 6e-9
"""Of each row of channels, however few these are."""


class CompiledMoments(CompiledKernel):
    """Sums of the rows, of their distances from the first one, and of the squares of these; in double precision."""

    name = "moments, compiled"
    serves = ((Moments, ""),)
    tolerance = 5e-6  # one long sum after the other: where all is in double precision, its errors show

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        x = task.inputs[0]
        double = TensorType(x.concrete[-1:], "float64")
        return (double, double, double, TensorType(x.concrete[-1:], x.dtype))

    def seconds(self, task: Task, machine: Machine) -> float:
        return _seconds(task.inputs[:1], machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        x = inputs[0]
        return call("norm", "moments", given(x), row_step(x), x.size // x.shape[-1], *workspace, *outputs)


class CompiledSlopeSums(CompiledKernel):
    """Both sums in double precision, of four rows at a time."""

    name = "slope_sums, compiled"
    serves = ((SlopeSums, ""),)
    tolerance = 5e-6  # as above

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return (TensorType(task.inputs[0].concrete[-1:], "float64"),) * 2

    def seconds(self, task: Task, machine: Machine) -> float:
        return _seconds(task.inputs[:2], machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        dy, x, mean, inverse = inputs
        places = (given(dy), row_step(dy), given(x), row_step(x), x.size // x.shape[-1])
        return call("norm", "slope_sums", *places, given(mean), given(inverse), *workspace, *outputs)


def _seconds(moved: Sequence[TensorType], machine: Machine) -> float:
    x = moved[0].concrete
    rows = 1
    for size in x[:-1]:
        rows *= size
    return pass_seconds(moved, machine, 1, 2) / 1.5 + rows * ROW_SECONDS
