"""Steps of optimizers: each block of a weight goes through the cache once, straight over what it replaces.

Any next value may lie where its state lies. Numbers that hold for the whole step wait in arrays of one element, which
are made anew at each call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import sqrt
from typing import TypeAlias

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.blocks import block_count, blocks, pass_seconds, scratch_for, scratch_type
from cnngraph.kernels.kernel import Call, Kernel, Machine, Task, in_turn
from cnngraph.ops.adam import Adam
from cnngraph.ops.adamw import AdamW
from cnngraph.ops.clip_norm import ClipNorm
from cnngraph.ops.sgd import Sgd

Settled: TypeAlias = Callable[[], None]


class SgdStep(Kernel):
    """One step of gradient descent, with momentum or without."""

    name = "sgd_step"
    serves = ((Sgd, ""),)
    in_place = (0, 3)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        weight = task.inputs[0]
        return (scratch_type(weight), scratch_type(weight), TensorType((1,), weight.dtype))

    def seconds(self, task: Task, machine: Machine) -> float:
        weight = task.inputs[0]
        return pass_seconds((*task.inputs, *task.outputs, weight), machine, 5, 5 * block_count(weight))

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        op, (weight, gradient, rate, *velocity) = task.op, inputs
        assert isinstance(op, Sgd)
        step = workspace[2]
        calls: list[Call] = [partial(np.multiply, rate, op.lr, step)]
        for parts in blocks(weight, gradient, *velocity, *outputs):
            first, second = (scratch_for(parts[0], work) for work in workspace[:2])
            calls += _sgd_calls(op, parts, step, first, second)
        return in_turn(calls)


def _sgd_calls(op: Sgd, parts: Sequence[Array], step: Array, s: Array, t: Array) -> list[Call]:
    """One block; parts: weight, gradient, velocity, next weight, next velocity, without those of no momentum."""
    w, g, *velocity = parts[: len(parts) // 2 + 1]
    next_w, *next_velocity = parts[len(parts) // 2 + 1 :]
    calls: list[Call] = []
    if op.weight_decay:
        calls += [partial(np.multiply, w, op.weight_decay, s), partial(np.add, s, g, s)]
        g = s
    for v, next_v in zip(velocity, next_velocity, strict=True):
        calls += [partial(np.multiply, v, op.momentum, next_v), partial(np.add, next_v, g, next_v)]
        if op.nesterov:
            calls += [partial(np.multiply, next_v, op.momentum, t), partial(np.add, t, g, t)]
        g = t if op.nesterov else next_v
    return [*calls, partial(np.multiply, g, step, t), partial(np.subtract, w, t, next_w)]


class AdamStep(Kernel):
    """One step of Adam or AdamW."""

    name = "adam_step"
    serves = ((Adam, ""), (AdamW, ""))
    in_place = (0, 3, 4, 5, 6)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        weight = task.inputs[0]
        return (scratch_type(weight), scratch_type(weight), TensorType((3,), weight.dtype))

    def seconds(self, task: Task, machine: Machine) -> float:
        weight = task.inputs[0]
        return pass_seconds((*task.inputs, *task.outputs, weight), machine, 14, 14 * block_count(weight))

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        op, rate, count = task.op, inputs[2], inputs[5]
        assert isinstance(op, Adam)
        single = workspace[2]
        calls: list[Call] = [_adam_numbers(op, rate, count, single), partial(np.add, count, 1, outputs[3])]
        kept = [x for i, x in enumerate(inputs) if i not in (2, 5)]
        made = [y for i, y in enumerate(outputs) if i != 3]
        for parts in blocks(*kept, *made):
            first, second = (scratch_for(parts[0], work) for work in workspace[:2])
            calls += _adam_calls(op, parts[: len(kept)], parts[len(kept) :], single, first, second)
        return in_turn(calls)


def _adam_numbers(op: Adam, rate: Array, count: Array, out: Array) -> Settled:
    """The call that makes of rate and step: the size of the step, the factor of the root, and what decay keeps."""

    def call() -> None:
        size, steps = op.lr * float(rate), float(count) + 1
        out[0] = size / (1 - op.beta1**steps)
        out[1] = 1 / sqrt(1 - op.beta2**steps)
        out[2] = 1 - size * op.weight_decay

    return call


def _adam_calls(
    op: Adam, kept: Sequence[Array], made: Sequence[Array], single: Array, s: Array, t: Array
) -> list[Call]:
    """One block; kept: weight, gradient, first, second, largest; made: the next weight, first, second, largest."""
    w, g, first, second, *largest = kept
    next_w, next_first, next_second, *next_largest = made
    calls: list[Call] = []
    decoupled = isinstance(op, AdamW)
    if op.weight_decay and not decoupled:
        calls += [partial(np.multiply, w, op.weight_decay, s), partial(np.add, s, g, s)]
        g = s
    calls += _running(op.beta1, first, g, next_first, t)
    calls += [partial(np.square, g, s), *_running(op.beta2, second, s, next_second, t)]
    root = next_second
    for before, after in zip(largest, next_largest, strict=True):
        calls.append(partial(np.maximum, before, next_second, out=after))
        root = after
    calls += [partial(np.sqrt, root, s), partial(np.multiply, s, single[1:2], s), partial(np.add, s, op.epsilon, s)]
    calls += [partial(np.divide, next_first, s, s), partial(np.multiply, s, single[:1], s)]
    if decoupled:
        calls.append(partial(np.multiply, w, single[2:], next_w))
    return [*calls, partial(np.subtract, next_w if decoupled else w, s, next_w)]


def _running(keep: float, before: Array, value: Array, after: Array, t: Array) -> list[Call]:
    """after = keep * before + (1 - keep) * value."""
    share: list[Call] = [partial(np.multiply, value, 1 - keep, t), partial(np.multiply, before, keep, after)]
    return [*share, partial(np.add, after, t, after)]


class ClipNormInPlace(Kernel):
    """A gradient times limit / max(norm, limit)."""

    name = "clip_norm_in_place"
    serves = ((ClipNorm, ""),)
    in_place = (0,)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return (TensorType((1,), task.inputs[0].dtype),)

    def seconds(self, task: Task, machine: Machine) -> float:
        return pass_seconds((task.inputs[0], task.outputs[0]), machine, 1, block_count(task.inputs[0]))

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        op, (x, norm), (factor,) = task.op, inputs, workspace
        assert isinstance(op, ClipNorm)
        limit = op.limit

        def settle() -> None:
            factor[0] = limit / float(np.maximum(norm, limit))

        return in_turn([settle, *(partial(np.multiply, a, factor, y) for y, a in blocks(outputs[0], x))])
