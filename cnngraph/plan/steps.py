"""The steps of a plan: a closed union. A step names buffers by their index in the plan; nothing is left to decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from cnngraph.ir.graph import Ref
from cnngraph.ir.op import Op
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Buffer:
    """A place for one value on one device.

    An `arena` buffer lies at `offset` bytes in the device's arena and lives from step `first` to step `last`; others
    may have the same bytes before and after. A `fed` or `state` buffer has memory of its own (offset 0).
    """

    value: Ref
    device: str
    kind: str  # arena, fed, state
    type: TensorType
    bytes: int
    first: int = 0
    last: int = 0
    offset: int = 0


@dataclass(frozen=True)
class Run:
    """Apply an operator to buffers."""

    node: str
    op: Op
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Copy:
    """Copy one buffer to another of this device: a state takes its next value, or an old value is kept."""

    source: int
    target: int


@dataclass(frozen=True)
class Send:
    """Give the value in `buffer` to another device. The buffer may be overwritten after this step."""

    value: Ref
    buffer: int
    target: str
    tag: int


@dataclass(frozen=True)
class Receive:
    """Wait for the value with this tag and put it into `buffer`."""

    value: Ref
    buffer: int
    source: str
    tag: int


Step: TypeAlias = Run | Copy | Send | Receive


def reads(step: Step) -> tuple[int, ...]:
    """Buffers that the step reads."""
    match step:
        case Run(inputs=inputs):
            return inputs
        case Copy(source=source):
            return (source,)
        case Send(buffer=buffer):
            return (buffer,)
        case Receive():
            return ()


def writes(step: Step) -> tuple[int, ...]:
    """Buffers that the step fills."""
    match step:
        case Run(outputs=outputs):
            return outputs
        case Copy(target=target):
            return (target,)
        case Send():
            return ()
        case Receive(buffer=buffer):
            return (buffer,)
