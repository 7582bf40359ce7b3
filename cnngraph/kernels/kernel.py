"""What a kernel is: one way to compute one operator on arrays of fixed shapes, beside the plain `forward`.

A plan chooses a kernel for each node by `seconds`, reserves its workspace, and has it bound once to fixed memory; a run
then only calls what `bind` returned. Nothing is allocated there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, TypeAlias

import numpy as np

from cnngraph.cost.model import seconds
from cnngraph.ir.op import Array, Op
from cnngraph.ir.types import TensorType
from cnngraph.ops.fused import Fused
from cnngraph.ops.gradient import Gradient

Call: TypeAlias = Callable[[], object]
Key: TypeAlias = tuple[type[Op], str]
"""An operator, and what of it is computed: "" its results, otherwise the name of the input it is differentiated by."""


@dataclass(frozen=True)
class Machine:
    """What one worker can do, for choosing among kernels. The figures are of one core of a common server of 2024."""

    flops_per_second: float = 110e9  # products of large matrices
    bytes_per_second: float = 20e9  # copies that miss the cache
    cached_bytes_per_second: float = 50e9  # passes over memory that the cache holds
    call_seconds: float = 1.5e-6  # one call of NumPy on little data
    prepared_bytes_per_second: float = 5e9  # what kernels make of weights


@dataclass(frozen=True)
class Task:
    """What a kernel is asked for: an operator, with the types of all its inputs (operands, weights) and results."""

    op: Op
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]

    @cached_property
    def _hash(self) -> int:
        return hash((self.op, self.inputs, self.outputs))

    def __hash__(self) -> int:
        return self._hash  # asked for again and again: while a plan is made, every node looks its kernel up

    @property
    def main(self) -> Op:
        """The operator without what is fused behind it."""
        return self.op.first if isinstance(self.op, Fused) else self.op

    @property
    def main_inputs(self) -> tuple[TensorType, ...]:
        return self.inputs[: self.op.taken[0]] if isinstance(self.op, Fused) else self.inputs

    @property
    def key(self) -> Key:
        return key_of(self.op)


def key_of(op: Op) -> Key:
    """What a kernel has to serve to compute this operator.

    >>> from cnngraph.ops.relu import Relu
    >>> key_of(Relu())[1]
    ''
    """
    if isinstance(op, Fused):
        return key_of(op.first)
    return (type(op.of), ",".join(op.wanted)) if isinstance(op, Gradient) else (type(op), "")


@dataclass(frozen=True)
class Prepared:
    """What a kernel makes of one input before it runs: once for all tiles, and once for ever where that is constant.

    It reads this instead of the input, whose memory may hold something else by then.
    """

    source: int
    type: TensorType
    make: Callable[[Array, Array], object]  # (input, where to write)


class Kernel:
    """One algorithm. It has no state: what it knows of a task, it works out from the task.

    Arrays that `bind` receives are views of fixed memory. The last axis is contiguous. Inputs, and the outputs of a
    `strided` kernel, may have gaps between the other axes, but `matrix(x)` (all axes but the last as one) never copies.
    The memory of outputs, workspace and prepared arrays holds garbage before a call. Inputs are never written to.

    Class variables:
      serves       the operators it computes, and which gradients
      approximate  its rounding errors are larger than another order of additions would give: `--exact` leaves it out
      tolerance    how far from `forward` it may be, as a part of the largest magnitude of the result (float32)
      strided      its first output may lie inside wider rows (a branch of a concat writes into the concat)
      in_place     indices of inputs whose memory the first output may take over (same shape and kind)
      compiled     its loops are compiled by an extra, where that is there and allowed
      epilogues    it applies the operators behind the first one of a `Fused` itself, block by block
    """

    name: ClassVar[str]
    serves: ClassVar[tuple[Key, ...]] = ()
    approximate: ClassVar[bool] = False
    tolerance: ClassVar[float] = 2e-6
    strided: ClassVar[bool] = False
    in_place: ClassVar[tuple[int, ...]] = ()
    compiled: ClassVar[bool] = False
    epilogues: ClassVar[bool] = False

    def applies(self, task: Task) -> bool:
        """Whether it can compute this task."""
        return True

    def prepares(self, task: Task) -> tuple[Prepared, ...]:
        """What it wants to have made of its weights."""
        return ()

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        """Memory that it needs while it runs."""
        return ()

    def seconds(self, task: Task, machine: Machine) -> float:
        """What one call should cost on one worker."""
        return machine.call_seconds + seconds(
            task.op.cost(task.inputs, task.outputs), machine.flops_per_second, machine.bytes_per_second
        )

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        """The call that computes the task on these arrays."""
        raise NotImplementedError


class Plain(Kernel):
    """`forward` itself, its results copied to their places. It allocates what `forward` allocates."""

    name = "plain"
    tolerance = 0.0
    strided = True

    def seconds(self, task: Task, machine: Machine) -> float:
        return 4 * super().seconds(task, machine)  # temporaries: whoever has a kernel of its own comes first

    def bind(
        self,
        task: Task,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        workspace: Sequence[Array],
        prepared: Sequence[Array],
    ) -> Call:
        overlap = any(np.may_share_memory(x, y) for x in inputs for y in outputs)
        op = task.op

        def call() -> None:
            values = op.apply(inputs)
            if overlap:  # a result may be a view of an input that is about to be overwritten
                values = tuple(np.array(value) for value in values)
            for out, value in zip(outputs, values, strict=True):
                assert np.shape(value) == out.shape, f"{op} gives {np.shape(value)} where {out.shape} was inferred"
                np.copyto(out, value)

        return call


PLAIN = Plain()


def in_turn(calls: Sequence[Call]) -> Call:
    """One call that makes these, one after the other."""
    if len(calls) == 1:
        return calls[0]
    fixed = tuple(calls)

    def call() -> None:
        for each in fixed:
            each()

    return call
