"""The steps of a plan: a closed union. A step names views of buffers; nothing is left to decide.

    stage   job   job   job          the jobs of a stage share nothing that one of them writes: workers take them in
            run   run   run          turn, and all wait for the last one before the next stage begins
            run   run   run

A job is one tile of the batch taken through the operators of a region, or operators that wait for no other job.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from cnngraph.ir.graph import Ref
from cnngraph.ir.op import Op
from cnngraph.ir.types import TensorType
from cnngraph.kernels.kernel import Kernel, Task


@dataclass(frozen=True)
class Buffer:
    """A place for one value on one device.

    An `arena` buffer lies at `offset` bytes in the device's arena and lives from step `first` to step `last`; others
    may have the same bytes before and after. So does a `worker` buffer, in the arena of each worker, and a `passing`
    one, in the arena of the device between steps of the prologue. A `stash` buffer lies in an arena that each run in
    flight has for itself: it lives from one phase to a later one. A `fed`, `state` or `constant` buffer has memory of
    its own (offset 0).
    """

    value: Ref
    device: str
    kind: str  # arena, worker, passing, stash, fed, state, constant
    type: TensorType
    bytes: int
    first: int = 0
    last: int = 0
    offset: int = 0


@dataclass(frozen=True)
class View:
    """A buffer, or what `cuts` leave of it (axis, start, stop), in another shape where one is given, cut again."""

    buffer: int
    cuts: tuple[tuple[int, int, int], ...] = ()
    shape: tuple[int, ...] | None = None
    cuts_of_shape: tuple[tuple[int, int, int], ...] = ()

    def cut(self, axis: int, start: int, stop: int) -> View:
        if self.shape is None:
            return replace(self, cuts=(*self.cuts, (axis, start, stop)))
        return replace(self, cuts_of_shape=(*self.cuts_of_shape, (axis, start, stop)))


@dataclass(frozen=True)
class Run:
    """Apply a kernel to views."""

    node: str
    task: Task
    kernel: Kernel
    inputs: tuple[View, ...]
    outputs: tuple[View, ...]
    workspace: tuple[View, ...] = ()
    prepared: tuple[View, ...] = ()


@dataclass(frozen=True)
class Prepare:
    """Make what a kernel wants of one of its inputs: its `index`-th wish."""

    node: str
    task: Task
    kernel: Kernel
    index: int
    source: View
    target: View


@dataclass(frozen=True)
class Combine:
    """The results of a whole batch from those of its tiles, which lie along a new first axis."""

    node: str
    op: Op
    parts: tuple[View, ...]
    samples: tuple[int, ...]
    outputs: tuple[View, ...]


@dataclass(frozen=True)
class Copy:
    """Copy one view to another: a state takes its next value, an old value is kept, a branch joins a concat."""

    source: View
    target: View


@dataclass(frozen=True)
class Send:
    """Give the value to another device. Its buffer may be overwritten after this step."""

    value: Ref
    source: View
    target: str
    tag: int


@dataclass(frozen=True)
class Receive:
    """Wait for the value with this tag and put it into its buffer."""

    value: Ref
    target: View
    source: str
    tag: int


PLACED = ("arena", "worker", "passing", "stash")  # kinds of buffers that lie in an arena

Step: TypeAlias = Run | Prepare | Combine | Copy | Send | Receive
Job: TypeAlias = tuple[Step, ...]
Stage: TypeAlias = tuple[Job, ...]


def reads(step: Step) -> tuple[View, ...]:
    """What the step reads; of an input of which something is prepared, only that."""
    match step:
        case Run(task=task, kernel=kernel, inputs=inputs, prepared=prepared):
            instead = {wish.source for wish in kernel.prepares(task)}
            return (*(view for i, view in enumerate(inputs) if i not in instead), *prepared)
        case Combine(parts=parts):
            return parts
        case Copy(source=source) | Prepare(source=source):
            return (source,)
        case Send(source=source):
            return (source,)
        case Receive():
            return ()


def writes(step: Step) -> tuple[View, ...]:
    """What the step fills."""
    match step:
        case Run(outputs=outputs, workspace=workspace):
            return (*outputs, *workspace)
        case Combine(outputs=outputs):
            return outputs
        case Copy(target=target) | Prepare(target=target):
            return (target,)
        case Send():
            return ()
        case Receive(target=target):
            return (target,)
