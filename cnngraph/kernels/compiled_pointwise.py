"""Chains of pointwise operators, and gradients of activations, in one pass over the memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf, prod

import numpy as np

from cnngraph.ir.op import Array, Op
from cnngraph.ir.types import TensorType
from cnngraph.kernels.blocks import pass_seconds
from cnngraph.kernels.compiled import CompiledKernel, call, given, row_step, stretch
from cnngraph.kernels.kernel import Call, Machine, Task, in_turn
from cnngraph.kernels.loops import steps
from cnngraph.kernels.pointwise import chain
from cnngraph.ops.add import Add
from cnngraph.ops.affine import Affine
from cnngraph.ops.clip import Clip
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.hard_swish import HardSwish
from cnngraph.ops.identity import Identity
from cnngraph.ops.layer_scale import LayerScale
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.mul import Mul
from cnngraph.ops.plane import Plane
from cnngraph.ops.relu import Relu
from cnngraph.ops.scale import Scale
from cnngraph.ops.shift import Shift

FORWARD = (Identity, Relu, Clip, LeakyRelu, HardSwish, Scale, Shift, Add, Mul, LayerScale, Affine, Plane)
GRADIENTS = (Relu, Clip, LeakyRelu)

MOST_OTHERS = 3
ROW_SECONDS = 8e-9
"""Of each step at the beginning of each row, however short that is."""


@dataclass(frozen=True)
class Step:
    """A step of the chain: its code and two numbers; how many others and how many vectors it reads."""

    code: int
    numbers: tuple[float, float] = (0.0, 1.0)
    others: int = 0
    vectors: int = 0


def steps_of(op: Op, more: int) -> list[Step] | None:
    """The steps of an operator that reads `more` inputs beside the first one; None where there are none."""
    match op:
        case Gradient(of=Relu()):
            return [Step(steps.IF_NOT_ZERO, others=1)]
        case Gradient(of=Clip(low=low, high=high)):
            return [Step(steps.IF_BETWEEN, (low, high), others=1)]
        case Gradient(of=LeakyRelu(slope=slope)):
            return [Step(steps.LEAKY_SLOPE, (slope, 0), others=1)]
        case Identity():
            return []
        case Relu():
            return [Step(steps.CLAMP, (0, inf))]
        case Clip(low=low, high=high):
            return [Step(steps.CLAMP, (low, high))]
        case LeakyRelu(slope=slope):
            return [Step(steps.LEAKY, (slope, 0))]
        case HardSwish():
            return [Step(steps.HARD_SWISH, (1 / 6, 0.5))]
        case Scale(factor=factor):
            return [Step(steps.SCALE, (factor, 0))]
        case Shift(amount=amount):
            return [Step(steps.SCALE, (1, amount))]
        case Add() | Mul():
            return [Step(steps.ADD if isinstance(op, Add) else steps.MULTIPLY, others=1)] * more
        case LayerScale():
            return [Step(steps.TIMES_VECTOR, vectors=1)]
        case Affine():
            return [Step(steps.AFFINE, vectors=2)]
        case Plane():
            return [Step(steps.PLANE, others=1, vectors=3)]
    return None


@dataclass
class Chain:
    """The steps of a task, with the indices of the inputs that are its other arrays and its vectors."""

    rows: list[tuple[int, int, int]] = field(default_factory=list)  # code, its first other, its first vector
    numbers: list[tuple[float, float]] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    vectors: list[int] = field(default_factory=list)

    @staticmethod
    def of(task: Task) -> Chain | None:
        """The chain, where every operator is known and reads whole arrays before vectors of channels."""
        found = Chain()
        for op, more in chain(task.op, range(len(task.inputs))):
            made = steps_of(op, len(more))
            if made is None or sum(step.others + step.vectors for step in made) != len(more):
                return None
            unread = list(more)
            for step in made:
                found.rows.append((step.code, len(found.others), len(found.vectors)))
                found.numbers.append(step.numbers)
                found.others += unread[: step.others]
                found.vectors += unread[step.others : step.others + step.vectors]
                unread = unread[step.others + step.vectors :]
        return found

    def fits(self, task: Task) -> bool:
        y = task.outputs[0]
        whole = all(task.inputs[i] == y for i in (0, *self.others))
        lines = all(task.inputs[i].shape == y.shape[-1:] for i in self.vectors)
        return whole and lines and len(y.shape) > 1 and len(self.others) <= MOST_OTHERS

    def width(self, y: TensorType, gaps: bool) -> int:
        """Numbers in a row: those of the channels, or as many of these as make it long."""
        size, channels = prod(y.concrete), y.concrete[-1]
        if gaps:
            return channels
        return channels * max(1, min(steps.PIECE // channels, size // channels)) if self.vectors else max(size, 1)


class CompiledChain(CompiledKernel):
    """One pass: each piece takes all steps in the first-level cache."""

    strided = True

    def applies(self, task: Task) -> bool:
        found = Chain.of(task) if super().applies(task) else None
        return found is not None and found.fits(task)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        """A piece, and the vectors, repeated to the length of a row."""
        found, y = _chain(task), task.outputs[0]
        table = max(1, len(found.vectors) * found.width(y, gaps=False))
        return (TensorType((steps.PIECE,), y.dtype), TensorType((table,), y.dtype))

    def seconds(self, task: Task, machine: Machine) -> float:
        found, y = _chain(task), task.outputs[0]
        pieces = prod(y.concrete) // min(steps.PIECE, found.width(y, gaps=False)) + 1
        starts = pieces * (len(found.rows) + 2) * ROW_SECONDS
        return pass_seconds((*task.inputs, y), machine, 1, 2 + len(found.vectors)) / 1.5 + starts

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        found, y = _chain(task), outputs[0]
        whole = [inputs[i] for i in (0, *found.others)]
        gaps = not all(x.flags.c_contiguous for x in (y, *whole))
        width = found.width(task.outputs[0], gaps)
        table = workspace[1][: len(found.vectors) * width].reshape(-1, width // y.shape[-1], y.shape[-1])
        calls: list[Call] = [partial(np.copyto, row, inputs[i]) for row, i in zip(table, found.vectors, strict=True)]
        places = [(given(x), row_step(x) if gaps else width) for x in whole]
        x, *others = (*places, *places[:1] * MOST_OTHERS)[: 1 + MOST_OTHERS]
        starts = [(v + k) * width for _, _, v in found.rows for k in range(3)]
        codes = np.array([(c, o) for c, o, _ in found.rows], np.int64).reshape(-1, 2)
        codes = np.hstack([codes, np.array(starts, np.int64).reshape(-1, 3)])
        numbers = np.array([(*two, 0) for two in found.numbers], y.dtype).reshape(-1, 3)
        to = (stretch(y), row_step(y) if gaps else width)
        sizes, more = (width, y.size), [each for other in others for each in other]
        calls.append(call("chain", "chain", codes, numbers, *x, *more, workspace[1], sizes, workspace[0], *to))
        return in_turn(calls)


def _chain(task: Task) -> Chain:
    found = Chain.of(task)
    assert found is not None
    return found


class CompiledPointwise(CompiledChain):
    name = "pointwise, compiled"
    serves = tuple((op, "") for op in FORWARD)
    in_place = (0,)
    epilogues = True


class CompiledActivationGradient(CompiledChain):
    name = "activation_gradient, compiled"
    serves = tuple((op, "x") for op in GRADIENTS)
    in_place = (0, 1)
