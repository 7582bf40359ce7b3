"""Depthwise convolution and its gradients, compiled: no padding is copied, and nothing is computed for edges."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import ITEM_BYTES, TensorType
from cnngraph.kernels.blocks import repeat
from cnngraph.kernels.compiled import CompiledKernel, call, given, steps_of, stretch
from cnngraph.kernels.compiled_finish import Finish
from cnngraph.kernels.conv_layout import Layout, layout_of, turned
from cnngraph.kernels.kernel import Call, Machine, Prepared, Task
from cnngraph.ops.conv import Conv

POSITION_SECONDS = 60e-9
"""Of each position, however few the channels are."""

LONG = 512
"""Numbers of several positions side by side: loops that are long enough."""

NUMBERS_PER_SECOND = 15e9
"""Products and sums of float32 from the first-level cache, for each element of the window."""


def is_depthwise(task: Task) -> bool:
    """Whether each channel of an image makes one feature."""
    at = layout_of(task)
    return at.groups == at.channels == at.features and at.groups > 1 and len(at.outs) == 2


def window_seconds(at: Layout, machine: Machine, together: int = 1) -> float:
    """Arithmetic on all elements of all windows."""
    numbers = at.rows * prod(at.geometry.size) * at.channels * ITEM_BYTES[at.dtype] / 4
    return at.rows / together * POSITION_SECONDS + numbers / NUMBERS_PER_SECOND + 4 * machine.call_seconds


def _together(at: Layout) -> int:
    """Positions that are taken side by side: none where they are apart from each other in the input."""
    return max(1, min(LONG // at.channels, at.outs[1])) if at.geometry.stride[1] == 1 else 1


def _repeated(at: Layout) -> TensorType:
    """The weight of so many positions."""
    return TensorType((prod(at.geometry.size), _together(at) * at.channels), at.dtype)


def _repeat(at: Layout, weight: Array, out: Array) -> None:
    np.copyto(out.reshape(*at.geometry.size, -1, at.channels), weight)


def _repeat_turned(at: Layout, weight: Array, out: Array) -> None:
    _repeat(at, weight[::-1, ::-1], out)


def _have_gaps(*arrays: Array) -> bool:
    """Whether positions of any lie apart."""
    return any(x.strides[2] != x.shape[3] * x.itemsize for x in arrays)


def geometry_of(at: Layout) -> tuple[Any, ...]:
    """Window, steps, holes and padding before, on both axes."""
    g = at.geometry
    return tuple(g.size), tuple(g.stride), tuple(g.dilation), tuple(before for before, _ in g.pad)


def _sizes(at: Layout) -> tuple[int, ...]:
    return (at.images, *at.positions, at.channels)


class CompiledDepthwise(CompiledKernel):
    """The sums of a position for all channels, then bias and what is fused behind."""

    name = "depthwise, compiled"
    serves = ((Conv, ""),)
    strided = True
    epilogues = True

    def applies(self, task: Task) -> bool:
        return super().applies(task) and is_depthwise(task) and Finish.of(task) is not None

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        at = layout_of(task)
        bias = TensorType((_together(at) * at.channels,), at.dtype)
        wishes = (Prepared(1, _repeated(at), partial(_repeat, at)), Prepared(2, bias, repeat))
        return wishes[: len(task.main_inputs) - 1]

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        at = layout_of(task)
        return (TensorType((_together(at) * at.channels,), at.dtype),)

    def seconds(self, task: Task, machine: Machine) -> float:
        at = layout_of(task)
        return window_seconds(at, machine, _together(at))

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        finish = Finish.of(task)
        assert finish is not None
        return _convolution(layout_of(task), finish, inputs, outputs[0], workspace[0], prepared)


def _convolution(
    at: Layout, finish: Finish, inputs: Sequence[Array], y: Array, work: Array, prepared: Sequence[Array]
) -> Call:
    """The convolution of the first input by the prepared weight; the bias, too, is prepared, or there is none."""
    x, (weight, *bias) = inputs[0], prepared
    beside = finish.beside(inputs)
    skips = (x, y) if finish.skip is None else (x, y, inputs[finish.skip])
    line = weight.shape[1]
    together = 1 if _have_gaps(*skips) else line // at.channels
    behind = given(bias[0] if bias else np.zeros(line, y.dtype)), finish.limits(y.dtype), beside
    source = given(x), steps_of(x), _sizes(at), given(weight), line, together, *geometry_of(at), work
    return call("depthwise", "convolution", *source, *behind, stretch(y), steps_of(y), at.outs)


class CompiledDepthwiseInputGradient(CompiledKernel):
    """Without strides the convolution with the turned window; else each position gathers from the windows over it."""

    name = "depthwise_input_gradient, compiled"
    serves = ((Conv, "x"),)
    strided = True

    def applies(self, task: Task) -> bool:
        return super().applies(task) and task.main is task.op and is_depthwise(task)

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        at = layout_of(task)
        other = turned(at)
        if other is None:
            return (Prepared(1, TensorType((prod(at.geometry.size), at.channels), at.dtype), partial(_repeat, at)),)
        return (Prepared(1, _repeated(other), partial(_repeat_turned, other)),)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        at = layout_of(task)
        return (TensorType((_together(turned(at) or at) * at.channels,), at.dtype),)

    def seconds(self, task: Task, machine: Machine) -> float:
        at = layout_of(task)
        other = turned(at)
        return window_seconds(at, machine, _together(other) if other else 1)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at, dy, dx = layout_of(task), inputs[0], outputs[0]
        if (other := turned(at)) is not None:
            return _convolution(other, Finish(), inputs, dx, workspace[0], prepared)
        source = given(dy), steps_of(dy), at.outs, given(prepared[0]), *geometry_of(at)
        return call("depthwise", "input_gradient", *source, stretch(dx), steps_of(dx), _sizes(at))


class CompiledDepthwiseWeightGradient(CompiledKernel):
    """For each element of the window the sum over all positions, in double precision."""

    name = "depthwise_weight_gradient, compiled"
    serves = ((Conv, "weight"),)

    def applies(self, task: Task) -> bool:
        return super().applies(task) and task.main is task.op and is_depthwise(task)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        at = layout_of(task)
        return (TensorType((prod(at.geometry.size) * at.channels,), "float64"),)

    def seconds(self, task: Task, machine: Machine) -> float:
        return window_seconds(layout_of(task), machine)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        at, (dy, x) = layout_of(task), inputs
        read = given(x), steps_of(x), _sizes(at), given(dy), steps_of(dy), at.outs
        return call("depthwise", "weight_gradient", *read, *geometry_of(at), workspace[0], stretch(outputs[0]))
