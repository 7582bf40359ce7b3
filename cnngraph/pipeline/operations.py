"""What the devices of a simulation do: work, put, take and meet, each of which knows when it can begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias


@dataclass(eq=False, slots=True)
class Road:
    """From one device to another. Where it carries messages itself, it does so one after the other."""

    free_seconds: float = 0.0


@dataclass(eq=False, slots=True)
class Channel:
    """Messages of one tag from one device to another: when each arrived, and when each was taken.

    `road` is None where sender and receiver copy the message themselves.
    """

    source: str
    target: str
    name: str
    seconds: float
    capacity: int
    road: Road | None
    arrived: list[float] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Work:
    """Needs nobody else."""

    kind: str
    seconds: float
    name: str
    peer: ClassVar[str] = ""
    awaited: ClassVar[str] = ""

    def ready(self, now: float) -> float | None:
        return now

    def end(self, seconds: float) -> None:
        """Nobody needs to know."""


@dataclass(eq=False, slots=True)
class Copy:
    """A message that the device itself copies, unless a road carries it."""

    channel: Channel

    @property
    def seconds(self) -> float:
        return self.channel.seconds if self.channel.road is None else 0.0

    @property
    def name(self) -> str:
        return self.channel.name


@dataclass(eq=False, slots=True)
class Put(Copy):
    """Waits for room in the channel; the message arrives when it is copied, or when the road has carried it."""

    kind: ClassVar[str] = "send"

    @property
    def peer(self) -> str:
        return self.channel.target

    @property
    def awaited(self) -> str:
        return f"room for {self.channel.name}"

    def ready(self, now: float) -> float | None:
        """When it can begin, if that is known yet."""
        channel = self.channel
        before = len(channel.arrived) - channel.capacity
        if before < 0:
            return now
        return max(now, channel.taken[before]) if before < len(channel.taken) else None

    def end(self, seconds: float) -> None:
        channel = self.channel
        if channel.road is not None:
            seconds = max(seconds, channel.road.free_seconds) + channel.seconds
            channel.road.free_seconds = seconds
        channel.arrived.append(seconds)


@dataclass(eq=False, slots=True)
class Take(Copy):
    """Waits for the next message of the channel, and makes room when it has copied it."""

    kind: ClassVar[str] = "receive"

    @property
    def peer(self) -> str:
        return self.channel.source

    @property
    def awaited(self) -> str:
        return self.channel.name

    def ready(self, now: float) -> float | None:
        channel = self.channel
        next_ = len(channel.taken)
        return max(now, channel.arrived[next_]) if next_ < len(channel.arrived) else None

    def end(self, seconds: float) -> None:
        self.channel.taken.append(seconds)


@dataclass(eq=False, slots=True)
class Gathering:
    """The members of a team, and when each of them came."""

    team: Sequence[str]
    came: dict[str, float] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Meet:
    """Waits until the whole team is there."""

    device: str
    gathering: Gathering
    kind: ClassVar[str] = "reduce"
    seconds: ClassVar[float] = 0.0
    name: ClassVar[str] = "meet"
    awaited: ClassVar[str] = "its team"

    @property
    def peer(self) -> str:
        """Who is missing, or came last."""
        came = self.gathering.came
        missing = [member for member in self.gathering.team if member not in came]
        return missing[0] if missing else max(came, key=lambda member: came[member])

    def ready(self, now: float) -> float | None:
        came = self.gathering.came
        came.setdefault(self.device, now)
        return max(came.values()) if len(came) == len(self.gathering.team) else None

    def end(self, seconds: float) -> None:
        """All know already."""


Operation: TypeAlias = Work | Put | Take | Meet
