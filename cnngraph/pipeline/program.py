"""What each phase of each device does for one microbatch: compute, send, receive, with seconds and bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from cnngraph.pipeline.schedule import Phase

Seconds: TypeAlias = Callable[[str, str, int], float]
"""Seconds for a message: source, target, bytes."""


@dataclass(frozen=True)
class Compute:
    """Work that needs nobody else."""

    seconds: float
    name: str = ""


@dataclass(frozen=True)
class Send:
    """Give a message to another device; waits where the channel is full."""

    tag: int
    bytes: int
    target: str
    name: str = ""


@dataclass(frozen=True)
class Receive:
    """Wait for the message with this tag of the same microbatch."""

    tag: int
    source: str
    name: str = ""


Item: TypeAlias = Compute | Send | Receive
Program: TypeAlias = Mapping[str, Mapping[Phase, tuple[Item, ...]]]
"""For each device (a team goes by the name of its stage) and phase, what is done in order.

A tag names one value on its way between two devices. Members of a team begin `REDUCE` together; its items say how long
it takes.
"""


@dataclass(frozen=True)
class Transport:
    """How messages travel between devices.

    occupies: the sender copies the message into the channel and the receiver copies it out of it, each in so many
    seconds, as threads do. Otherwise the link carries it, one message after the other, while both do something else.
    capacity: so many messages of one tag fit between two devices; a put into a full channel waits.
    """

    seconds: Seconds
    occupies: bool = False
    capacity: int = 1


def instant(source: str, target: str, count: int) -> float:
    """Links that take no time."""
    return 0.0


def coarse(program: Program) -> Program:
    """The same with neighbouring computations as one: fewer events, equal times."""
    return {
        device: {phase: tuple(_merged(items)) for phase, items in phases.items()} for device, phases in program.items()
    }


def _merged(items: Iterable[Item]) -> Iterable[Item]:
    for alike, run in groupby(items, key=lambda item: isinstance(item, Compute)):
        if alike:
            yield Compute(sum(item.seconds for item in run if isinstance(item, Compute)))
        else:
            yield from run


def even_program(
    devices: Iterable[str],
    edges: Iterable[tuple[str, str]],
    seconds: Mapping[Phase, float] | None = None,
    message_bytes: int = 1,
) -> Program:
    """Equal devices, each phase one computation of so many seconds (by default 1); a message along each edge, and back.

    What a schedule looks like where all is even.
    """
    seconds = dict.fromkeys((Phase.FORWARD, Phase.BACKWARD, Phase.WEIGHTS, Phase.UPDATE), 1.0) | dict(seconds or {})
    tagged = [(2 * i, source, target) for i, (source, target) in enumerate(edges)]

    def items(device: str, phase: Phase) -> tuple[Item, ...]:
        back = phase is Phase.BACKWARD
        ways = [(tag + back, *((target, source) if back else (source, target))) for tag, source, target in tagged]
        moved = ways if phase in (Phase.FORWARD, Phase.BACKWARD) else []
        received = [Receive(tag, source) for tag, source, target in moved if target == device]
        sent = [Send(tag, message_bytes, target) for tag, source, target in moved if source == device]
        return *received, Compute(seconds[phase], str(phase)), *sent

    return {device: {phase: items(device, phase) for phase in seconds} for device in devices}
