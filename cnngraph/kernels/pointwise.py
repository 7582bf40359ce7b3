"""Operators that work element by element, alone or one behind the other: block by block, in the cache, without memory.

`pointwise_calls` is also what other kernels put behind their own work, on a block of rows that is still in the cache.
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
from cnngraph.kernels.blocks import block_count, blocks, pass_seconds, repeated, scratch_for, scratch_type
from cnngraph.kernels.kernel import Call, Kernel, Machine, Prepared, Task, in_turn
from cnngraph.ops.abs import Abs
from cnngraph.ops.add import Add
from cnngraph.ops.affine import Affine
from cnngraph.ops.clip import Clip
from cnngraph.ops.cos import Cos
from cnngraph.ops.elu import Elu
from cnngraph.ops.exp import Exp
from cnngraph.ops.fused import Fused
from cnngraph.ops.gelu import CUBIC, Gelu
from cnngraph.ops.hard_sigmoid import HardSigmoid
from cnngraph.ops.hard_swish import HardSwish
from cnngraph.ops.identity import Identity
from cnngraph.ops.layer_scale import LayerScale
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.max import Max
from cnngraph.ops.min import Min
from cnngraph.ops.mish import Mish
from cnngraph.ops.mul import Mul
from cnngraph.ops.plane import Plane
from cnngraph.ops.prelu import Prelu
from cnngraph.ops.relu import Relu
from cnngraph.ops.scale import Scale
from cnngraph.ops.selu import ALPHA, SCALE, Selu
from cnngraph.ops.shift import Shift
from cnngraph.ops.sigmoid import Sigmoid
from cnngraph.ops.silu import Silu
from cnngraph.ops.sin import Sin
from cnngraph.ops.softplus import Softplus
from cnngraph.ops.softsign import Softsign
from cnngraph.ops.tanh import Tanh

Steps: TypeAlias = Callable[[Any, Array, Array, Sequence[Array], Any], list[Call]]
"""(op, x, y, more, scratch) -> the calls that write y, which may be x itself; `more` broadcasts to y."""


def clamp(x: Array, low: float, high: float, y: Array) -> Call:
    """y = min(max(x, low), high). With single numbers for limits this is several times as fast as `np.maximum`."""
    return partial(x.clip, x.dtype.type(low), x.dtype.type(high), y)


def _copy(op: Op, x: Array, y: Array, more: Sequence[Array], s: None) -> list[Call]:
    return [] if same_memory(x, y) else [partial(np.copyto, y, x)]


def _relu(op: Relu, x: Array, y: Array, more: Sequence[Array], s: None) -> list[Call]:
    return [clamp(x, 0, np.inf, y)]


def _clip(op: Clip, x: Array, y: Array, more: Sequence[Array], s: None) -> list[Call]:
    return [clamp(x, op.low, op.high, y)]


def _leaky_relu(op: LeakyRelu, x: Array, y: Array, more: Sequence[Array], s: Array) -> list[Call]:
    if op.slope == 0:
        return [clamp(x, 0, np.inf, y)]
    larger = np.maximum if op.slope <= 1 else np.minimum
    return [partial(np.multiply, x, op.slope, s), partial(larger, x, s, out=y)]


def _prelu(op: Prelu, x: Array, y: Array, more: Sequence[Array], s: Array) -> list[Call]:
    negative: list[Call] = [clamp(x, -np.inf, 0, s), partial(np.multiply, s, more[0], s)]
    return [*negative, clamp(x, 0, np.inf, y), partial(np.add, y, s, y)]


def _merge(ufunc: np.ufunc) -> Steps:
    def steps(op: Op, x: Array, y: Array, more: Sequence[Array], s: None) -> list[Call]:
        first, *others = more
        return [partial(ufunc, x, first, out=y), *(partial(ufunc, y, other, out=y) for other in others)]

    return steps


def _affine(op: Affine, x: Array, y: Array, more: Sequence[Array], s: None) -> list[Call]:
    return [partial(np.multiply, x, more[0], y), partial(np.add, y, more[1], y)]


def _plane(op: Plane, x: Array, y: Array, more: Sequence[Array], s: Array) -> list[Call]:
    other, p, q, r = more
    rest: list[Call] = [partial(np.multiply, other, q, s), partial(np.add, s, r, s)]
    return [*rest, partial(np.multiply, x, p, y), partial(np.add, y, s, y)]


def _scale(op: Scale, x: Array, y: Array, more: Sequence[Array], s: None) -> list[Call]:
    return [partial(np.multiply, x, op.factor, y)]


def _shift(op: Shift, x: Array, y: Array, more: Sequence[Array], s: None) -> list[Call]:
    return [partial(np.add, x, op.amount, y)]


def _each(ufunc: np.ufunc) -> Steps:
    def steps(op: Op, x: Array, y: Array, more: Sequence[Array], s: None) -> list[Call]:
        return [partial(ufunc, x, y)]

    return steps


def sigmoid_calls(x: Array, y: Array) -> list[Call]:
    """y = 1 / (1 + exp(-x)); x is limited first, so that nothing overflows."""
    limit = np.log(np.finfo(x.dtype).max) - 1
    power: list[Call] = [clamp(x, -limit, np.inf, y), partial(np.negative, y, y), partial(np.exp, y, y)]
    return [*power, partial(np.add, y, 1, y), partial(np.divide, 1, y, y)]


def _sigmoid(op: Sigmoid, x: Array, y: Array, more: Sequence[Array], s: None) -> list[Call]:
    return sigmoid_calls(x, y)


def _silu(op: Silu, x: Array, y: Array, more: Sequence[Array], s: Array) -> list[Call]:
    """sigmoid(x) = (1 + tanh(x / 2)) / 2: half the work of the form by exp."""
    share: list[Call] = [partial(np.multiply, x, 0.5, s), partial(np.tanh, s, s), partial(np.add, s, 1, s)]
    return [*share, partial(np.multiply, x, s, y), partial(np.multiply, y, 0.5, y)]


def _hard_sigmoid(op: HardSigmoid, x: Array, y: Array, more: Sequence[Array], s: None) -> list[Call]:
    return [partial(np.divide, x, 6, y), partial(np.add, y, 0.5, y), clamp(y, 0, 1, y)]


def _hard_swish(op: HardSwish, x: Array, y: Array, more: Sequence[Array], s: Array) -> list[Call]:
    return [*_hard_sigmoid(HardSigmoid(), x, s, (), None), partial(np.multiply, x, s, y)]


def _gelu(op: Gelu, x: Array, y: Array, more: Sequence[Array], s: Array) -> list[Call]:
    scale = sqrt(2 / pi)
    inner: list[Call] = [
        partial(np.multiply, s, CUBIC * scale, s),
        partial(np.add, s, scale, s),
        partial(np.multiply, s, x, s),
    ]
    share: list[Call] = [partial(np.tanh, s, s), partial(np.add, s, 1, s), partial(np.multiply, s, 0.5, s)]
    return [partial(np.square, x, s), *inner, *share, partial(np.multiply, x, s, y)]


def _elu(op: Elu, x: Array, y: Array, more: Sequence[Array], s: Array) -> list[Call]:
    negative: list[Call] = [clamp(x, -np.inf, 0, s), partial(np.expm1, s, s), partial(np.multiply, s, op.alpha, s)]
    return [*negative, clamp(x, 0, np.inf, y), partial(np.add, y, s, y)]


def _selu(op: Selu, x: Array, y: Array, more: Sequence[Array], s: Array) -> list[Call]:
    return [*_elu(Elu(ALPHA), x, y, (), s), partial(np.multiply, y, SCALE, y)]


def _softplus(op: Softplus, x: Array, y: Array, more: Sequence[Array], s: Array) -> list[Call]:
    small: list[Call] = [
        partial(np.abs, x, s),
        partial(np.negative, s, s),
        partial(np.exp, s, s),
        partial(np.log1p, s, s),
    ]
    return [*small, clamp(x, 0, np.inf, y), partial(np.add, y, s, y)]


def _softsign(op: Softsign, x: Array, y: Array, more: Sequence[Array], s: Array) -> list[Call]:
    return [partial(np.abs, x, s), partial(np.add, s, 1, s), partial(np.divide, x, s, y)]


def _mish(op: Mish, x: Array, y: Array, more: Sequence[Array], s: Array) -> list[Call]:
    """tanh(log(1 + p)) = n / (n + 2), with p = exp(x), n = p * (p + 2); beyond 20 that is 1."""
    power: list[Call] = [
        clamp(x, -np.inf, 20, s),
        partial(np.exp, s, s),
        partial(np.add, s, 1, s),
        partial(np.square, s, s),
    ]
    share: list[Call] = [partial(np.add, s, 1, s), partial(np.divide, 2, s, s), partial(np.subtract, 1, s, s)]
    return [*power, *share, partial(np.multiply, x, s, y)]


@dataclass(frozen=True)
class Form:
    """How an operator is written: its steps, what they cost in passes over the block, and whether one needs scratch."""

    steps: Steps
    passes: float
    scratch: bool = False


FORMS: Mapping[type[Op], Form] = {
    Identity: Form(_copy, 1),
    Relu: Form(_relu, 1),
    Clip: Form(_clip, 1),
    LeakyRelu: Form(_leaky_relu, 2, scratch=True),
    Prelu: Form(_prelu, 4, scratch=True),
    Add: Form(_merge(np.add), 1),
    Mul: Form(_merge(np.multiply), 1),
    Max: Form(_merge(np.maximum), 1),
    Min: Form(_merge(np.minimum), 1),
    Affine: Form(_affine, 2),
    Plane: Form(_plane, 4, scratch=True),
    LayerScale: Form(_merge(np.multiply), 1),
    Scale: Form(_scale, 1),
    Shift: Form(_shift, 1),
    Abs: Form(_each(np.abs), 1),
    Tanh: Form(_each(np.tanh), 3),
    Exp: Form(_each(np.exp), 4),
    Sin: Form(_each(np.sin), 4),
    Cos: Form(_each(np.cos), 4),
    Sigmoid: Form(_sigmoid, 9),
    Silu: Form(_silu, 6, scratch=True),
    HardSigmoid: Form(_hard_sigmoid, 3),
    HardSwish: Form(_hard_swish, 4, scratch=True),
    Gelu: Form(_gelu, 10, scratch=True),
    Elu: Form(_elu, 8, scratch=True),
    Selu: Form(_selu, 9, scratch=True),
    Softplus: Form(_softplus, 14, scratch=True),
    Softsign: Form(_softsign, 3, scratch=True),
    Mish: Form(_mish, 12, scratch=True),
}


def knows(op: Op) -> bool:
    """Whether `pointwise_calls` can write this operator."""
    return type(op) in FORMS and not (isinstance(op, Gelu) and not op.tanh)


def needs_scratch(op: Op) -> bool:
    """Whether its calls need a temporary of the shape of the block."""
    return FORMS[type(op)].scratch


def pointwise_calls(op: Op, x: Array, y: Array, more: Sequence[Array], scratch: Array | None = None) -> list[Call]:
    """The calls that write y = op(x, *more); y may be x itself. `more` and `scratch` are as large as y, or broadcast.

    >>> x = np.array([-1.0, 2.0, 9.0])
    >>> for call in pointwise_calls(Clip(0, 6), x, x, ()):
    ...     _ = call()
    >>> print(x)
    [0. 2. 6.]
    """
    return FORMS[type(op)].steps(op, x, y, more, scratch)


def same_memory(x: Array, y: Array) -> bool:
    """Whether two arrays of one shape are the same elements."""
    return x.__array_interface__["data"][0] == y.__array_interface__["data"][0] and x.strides == y.strides


def chain(op: Op, inputs: Sequence[Any]) -> list[tuple[Op, Sequence[Any]]]:
    """The operators of a node in their order, each with what it reads beside the result of the one before."""
    if not isinstance(op, Fused):
        return [(op, inputs[1:])]
    return [(op.first, inputs[1 : op.taken[0]]), *op.behind(inputs)]


class Pointwise(Kernel):
    """Operators that work element by element, in place, one block after another."""

    name = "pointwise"
    serves = tuple((op, "") for op in FORMS)
    strided = True
    in_place = (0,)
    epilogues = True

    def applies(self, task: Task) -> bool:
        return task.inputs[0] == task.outputs[0] and all(knows(op) for op, _ in chain(task.op, task.inputs))

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        y = task.outputs[0]
        size = int(np.prod(y.concrete))
        return tuple(repeated(i, task.inputs[i], size) for i in _vectors(task))

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        needed = any(needs_scratch(op) for op, _ in chain(task.op, task.inputs))
        return (scratch_type(task.outputs[0]),) if needed else ()

    def seconds(self, task: Task, machine: Machine) -> float:
        passes = [FORMS[type(op)].passes for op, _ in chain(task.op, task.inputs)]
        calls = block_count(task.outputs[0]) * int(sum(passes))
        return pass_seconds((*task.inputs, task.outputs[0]), machine, sum(passes) / 2, calls)

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        values = list(inputs)
        for index, row in zip(_vectors(task), prepared, strict=True):
            values[index] = row
        calls: list[Call] = []
        for y, *parts in blocks(outputs[0], *values):
            scratch = scratch_for(y, workspace[0]) if workspace else None
            x = parts[0]
            for op, more in chain(task.op, parts):
                calls += pointwise_calls(op, x, y, more, scratch)
                x = y
        return in_turn(calls)


def _vectors(task: Task) -> list[int]:
    """The inputs that are one vector of channels for all samples, to be repeated to longer rows.

    Beside a vector for each sample they stay as they are: a block meets both in rows of one length.
    """
    rank = len(task.outputs[0].shape)
    if any(1 < len(t.shape) < rank for t in task.inputs):
        return []
    return [i for i, t in enumerate(task.inputs) if len(t.shape) == 1 < rank]
