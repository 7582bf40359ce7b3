"""Gradients of activations: dL/dx = dL/dy * slope, in place and block by block.

Comparisons go to whole bytes in a scratch block and from there to numbers, so that nothing is allocated and no branch
depends on the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import pi, sqrt
from typing import Any, TypeAlias

import numpy as np

from cnngraph.ir.op import Array, Op
from cnngraph.ir.types import TensorType
from cnngraph.kernels.blocks import block_count, blocks, pass_seconds, scratch_for, scratch_type
from cnngraph.kernels.kernel import Call, Kernel, Machine, Task, in_turn
from cnngraph.kernels.pointwise import clamp
from cnngraph.ops.clip import Clip
from cnngraph.ops.elu import Elu
from cnngraph.ops.gelu import CUBIC, Gelu
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.hard_sigmoid import HardSigmoid
from cnngraph.ops.hard_swish import HardSwish
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.relu import Relu
from cnngraph.ops.selu import ALPHA, SCALE, Selu
from cnngraph.ops.sigmoid import Sigmoid
from cnngraph.ops.silu import Silu
from cnngraph.ops.softplus import Softplus
from cnngraph.ops.tanh import Tanh

Slope: TypeAlias = Callable[[Any, Array, Array, Array], list[Call]]
"""(op, what the gradient reads: x or y, s, t) -> the calls that write the slope to s; t is scratch, too."""


def _between(x: Array, low: float, high: float, out: Array, t: Array) -> list[Call]:
    found, other = _bytes(t), _bytes(t, second=True)
    both: list[Call] = [partial(np.greater, x, low, out=found), partial(np.less, x, high, out=other)]
    return [*both, partial(np.logical_and, found, other, found), partial(np.copyto, out, found)]


def _relu(op: Relu, y: Array, s: Array, t: Array) -> list[Call]:
    found = _bytes(t)
    return [partial(np.not_equal, y, 0, out=found), partial(np.copyto, s, found)]


def _clip(op: Clip, y: Array, s: Array, t: Array) -> list[Call]:
    return _between(y, op.low, op.high, s, t)


def _where_positive(y: Array, above: float, s: Array, t: Array) -> list[Call]:
    """s = above where y > 0, else 0."""
    found = _bytes(t)
    tested: list[Call] = [partial(np.greater, y, 0, out=found), partial(np.copyto, s, found)]
    return [*tested, partial(np.multiply, s, above, s)]


def _leaky_relu(op: LeakyRelu, y: Array, s: Array, t: Array) -> list[Call]:
    return [*_where_positive(y, 1 - op.slope, s, t), partial(np.add, s, op.slope, s)]


def _sigmoid(op: Sigmoid, y: Array, s: Array, t: Array) -> list[Call]:
    return [partial(np.subtract, 1, y, s), partial(np.multiply, s, y, s)]


def _tanh(op: Tanh, y: Array, s: Array, t: Array) -> list[Call]:
    return [partial(np.square, y, s), partial(np.subtract, 1, s, s)]


def _silu(op: Silu, x: Array, s: Array, t: Array) -> list[Call]:
    """With h = tanh(x / 2): (1 + h) / 2 + x * (1 - h ** 2) / 4."""
    half: list[Call] = [partial(np.multiply, x, 0.5, s), partial(np.tanh, s, s)]
    bend = [partial(np.square, s, t), partial(np.subtract, 1, t, t), partial(np.multiply, t, x, t)]
    share = [partial(np.multiply, t, 0.5, t), partial(np.add, s, 1, s), partial(np.add, s, t, s)]
    return [*half, *bend, *share, partial(np.multiply, s, 0.5, s)]


def _hard_sigmoid(op: HardSigmoid, y: Array, s: Array, t: Array) -> list[Call]:
    return [*_between(y, 0, 1, s, t), partial(np.divide, s, 6, s)]


def _hard_swish(op: HardSwish, x: Array, s: Array, t: Array) -> list[Call]:
    """The line x / 3 + 1/2 inside of 3; beyond it 0, and then 1 on the right."""
    found, other = _bytes(t), _bytes(t, second=True)
    line: list[Call] = [clamp(x, -3, 3, s), partial(np.divide, s, 3, s), partial(np.add, s, 0.5, s)]
    inside = [partial(np.greater, x, -3, out=found), partial(np.less, x, 3, out=other)]
    inside += [partial(np.logical_and, found, other, found), partial(np.multiply, s, found, s)]
    return [*line, *inside, partial(np.greater_equal, x, 3, out=found), partial(np.add, s, found, s)]


def _elu(op: Elu, y: Array, s: Array, t: Array) -> list[Call]:
    return _exponential(y, 1.0, op.alpha, s, t)


def _selu(op: Selu, y: Array, s: Array, t: Array) -> list[Call]:
    return _exponential(y, SCALE, SCALE * ALPHA, s, t)


def _exponential(y: Array, above: float, below: float, s: Array, t: Array) -> list[Call]:
    """`above` where y > 0, y + `below` elsewhere."""
    steps: list[Call] = _where_positive(y, above - below, s, t)
    return [*steps, clamp(y, -np.inf, 0, t), partial(np.add, s, t, s), partial(np.add, s, below, s)]


def _softplus(op: Softplus, y: Array, s: Array, t: Array) -> list[Call]:
    return [partial(np.negative, y, s), partial(np.expm1, s, s), partial(np.negative, s, s)]


def _gelu(op: Gelu, x: Array, s: Array, t: Array) -> list[Call]:
    """With h the tanh: (1 + h) / 2 + x * (1 + h) * (1 - h) / 2 * (the slope inside of the tanh)."""
    scale = sqrt(2 / pi)
    inner: list[Call] = [partial(np.square, x, t), partial(np.multiply, t, CUBIC * scale, s)]
    inner += [partial(np.add, s, scale, s), partial(np.multiply, s, x, s), partial(np.tanh, s, s)]
    slope = [partial(np.multiply, t, 3 * CUBIC * scale, t), partial(np.add, t, scale, t), partial(np.multiply, t, x, t)]
    above = [partial(np.add, s, 1, s), partial(np.multiply, t, s, t), partial(np.subtract, 2, s, s)]
    below = [partial(np.multiply, t, s, t), partial(np.subtract, 2, s, s), partial(np.add, s, t, s)]
    return [*inner, *slope, *above, *below, partial(np.multiply, s, 0.5, s)]


@dataclass(frozen=True)
class Form:
    """How a slope is written, and what that costs in passes over the block."""

    slope: Slope
    passes: float


FORMS: Mapping[type[Op], Form] = {
    Relu: Form(_relu, 3),
    Clip: Form(_clip, 5),
    LeakyRelu: Form(_leaky_relu, 5),
    Sigmoid: Form(_sigmoid, 3),
    Tanh: Form(_tanh, 3),
    Silu: Form(_silu, 12),
    HardSigmoid: Form(_hard_sigmoid, 6),
    HardSwish: Form(_hard_swish, 10),
    Elu: Form(_elu, 7),
    Selu: Form(_selu, 7),
    Softplus: Form(_softplus, 8),
    Gelu: Form(_gelu, 19),
}


class ActivationGradient(Kernel):
    """The slope of an activation times dL/dy; it may take the place of either of the two that it reads."""

    name = "activation_gradient"
    serves = tuple((op, "x") for op in FORMS)
    strided = True
    in_place = (0, 1)

    def applies(self, task: Task) -> bool:
        return not (isinstance(task.main, Gradient) and isinstance(task.main.of, Gelu) and not task.main.of.tanh)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return (scratch_type(task.outputs[0]),) * 2

    def seconds(self, task: Task, machine: Machine) -> float:
        passes = _form(task).passes
        calls = block_count(task.outputs[0]) * int(passes)
        return pass_seconds((*task.inputs, task.outputs[0]), machine, passes / 2, calls)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        form, calls = _form(task), list[Call]()
        for dx, dy, read in blocks(outputs[0], *inputs):
            s, t = (scratch_for(dx, work) for work in workspace)
            calls += form.slope(_activation(task), read, s, t)
            calls.append(partial(np.multiply, dy, s, dx))
        return in_turn(calls)


def _bytes(t: Array, second: bool = False) -> Array:
    """The first or the second quarter of the memory of a contiguous t, as truth values in its shape."""
    start = t.size if second else 0
    return t.reshape(-1).view(np.bool_)[start : start + t.size].reshape(t.shape)


def _activation(task: Task) -> Op:
    assert isinstance(task.main, Gradient)
    return task.main.of


def _form(task: Task) -> Form:
    return FORMS[type(_activation(task))]
