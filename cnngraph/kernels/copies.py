"""Operators that only move values: one copy to the place, or none."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.size import number
from cnngraph.kernels.blocks import pass_seconds
from cnngraph.kernels.kernel import Call, Kernel, Machine, Task, in_turn
from cnngraph.kernels.pointwise import same_memory
from cnngraph.ops.add import Add
from cnngraph.ops.concat import Concat
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.identity import Identity
from cnngraph.ops.reshape import Reshape
from cnngraph.ops.shift import Shift
from cnngraph.ops.stop_gradient import StopGradient

INPUTS = tuple(f"x{i}" for i in range(64))
"""Names of the inputs of a variadic operator: by those beyond, the plain kernel differentiates."""


class Reshaped(Kernel):
    """The same values under another shape: one copy."""

    name = "reshaped"
    serves = ((Flatten, ""), (Flatten, "x"), (Reshape, ""), (Reshape, "x"))
    tolerance = 0.0

    def seconds(self, task: Task, machine: Machine) -> float:
        return pass_seconds((*task.inputs, *task.outputs), machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        return partial(np.copyto, outputs[0].reshape(inputs[0].shape), inputs[0])


class SameValues(Kernel):
    """The same values under the same shape: one copy, or nothing where they lie in their place already."""

    name = "same_values"
    serves = ((Identity, "x"), (Shift, "x"), (StopGradient, ""), *((Add, name) for name in INPUTS))
    tolerance = 0.0
    strided = True
    in_place = (0,)

    def applies(self, task: Task) -> bool:
        return task.inputs == task.outputs  # the gradient of a sum by a vector is no copy

    def seconds(self, task: Task, machine: Machine) -> float:
        return pass_seconds((*task.inputs, *task.outputs), machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        (x,), (y,) = inputs, outputs
        return in_turn([] if same_memory(x, y) else [partial(np.copyto, y, x)])


class Concatenation(Kernel):
    """Each input is copied to its channels."""

    name = "concatenation"
    serves = ((Concat, ""),)
    tolerance = 0.0
    strided = True

    def seconds(self, task: Task, machine: Machine) -> float:
        return pass_seconds((*task.inputs, *task.outputs), machine, calls=len(task.inputs))

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        places = np.split(outputs[0], np.cumsum([x.shape[-1] for x in inputs[:-1]]), axis=-1)
        return in_turn([partial(np.copyto, y, x) for y, x in zip(places, inputs, strict=True)])


class ConcatenationGradient(Kernel):
    """The channels of an input, copied from dL/dy."""

    name = "concatenation_gradient"
    serves = tuple((Concat, name) for name in INPUTS)
    tolerance = 0.0
    strided = True

    def seconds(self, task: Task, machine: Machine) -> float:
        return pass_seconds(task.outputs * 2, machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        assert isinstance(task.op, Gradient)
        before = task.op.input_types[: INPUTS.index(task.op.wanted[0])]
        start = sum(number(t.channels) for t in before)
        return partial(np.copyto, outputs[0], inputs[0][..., start : start + outputs[0].shape[-1]])
