"""How far the devices of a simulation are, and two ways to go on: each on its own, or all sharing a few cores.

    alone     gpu0  F0 F1 F2              each device has what it takes to compute
    2 cores   gpu0  F0- F1- F2-           three that compute on two cores take half as long again
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cnngraph.pipeline.operations import Operation
from cnngraph.pipeline.schedule import Action
from cnngraph.pipeline.timeline import Span

ROUNDING = 1e-9  # the share of a time within which two ends are the same moment


@dataclass(eq=False)
class Progress:
    """One device: its actions with their operations, where it is in them, since when, and what it did before."""

    device: str
    todo: Sequence[tuple[Action, Sequence[Operation]]]
    spans: list[Span] = field(default_factory=list)
    action: int = 0
    operation: int = 0
    seconds: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether it is at its end; steps over actions in which nothing is left to do."""
        while self.action < len(self.todo) and self.operation == len(self.todo[self.action][1]):
            self.action, self.operation = self.action + 1, 0
        return self.action == len(self.todo)

    @property
    def next(self) -> tuple[Action, Operation]:
        """What is to be done now, of a device that has not ended."""
        action, operations = self.todo[self.action]
        return action, operations[self.operation]

    def did(self, ready: float, end: float) -> None:
        """The next operation could begin at `ready` and came to its end."""
        action, operation = self.next
        peer = operation.peer
        if ready > self.seconds:
            self._span(action, "wait", self.seconds, ready, operation.awaited, peer)
        operation.end(end)
        self._span(action, operation.kind, ready, end, operation.name, peer)
        self.operation += 1
        self.seconds = end

    def _span(self, action: Action, kind: str, start: float, end: float, name: str, peer: str) -> None:
        self.spans.append(Span(self.device, action.phase, action.microbatch, kind, start, end, name, peer))


def go_alone(devices: Mapping[str, Progress]) -> None:
    """Follow each device as far as it can go, until none gets any further.

    No device asks which of two messages came first, so it does not matter which is followed first.
    """
    waiting, moved = list(devices.values()), True
    while waiting and moved:
        moved = False
        for each in waiting:
            moved |= _follow(each)
        waiting = [each for each in waiting if not each.ended]


def _follow(each: Progress) -> bool:
    """Follow one device until it has to wait for another or ends; whether it got anywhere."""
    moved = False
    while not each.ended:
        operation = each.next[1]
        ready = operation.ready(each.seconds)
        if ready is None:
            break
        each.did(ready, ready + operation.seconds)
        moved = True
    return moved


def share_cores(devices: Mapping[str, Progress], cores: int) -> None:
    """Go from one event to the next: whoever computes or copies has an equal share of the cores, at most one.

    Devices that wait take none.
    """
    now = 0.0
    running: dict[str, tuple[float, float]] = {}  # since when, and what is left in seconds of a core
    while True:
        later = _begin(devices, running, now)
        if not running and not later:
            return
        rate = min(1.0, cores / len(running)) if running else 1.0
        ends = [now + left / rate for _, left in running.values()]
        then = min([*ends, *later])
        for (device, (since, left)), end in zip(tuple(running.items()), ends, strict=True):
            if end <= then + ROUNDING * (then - now):
                devices[device].did(since, then)
                del running[device]
            else:
                running[device] = since, left - rate * (then - now)
        now = then


def _begin(devices: Mapping[str, Progress], running: dict[str, tuple[float, float]], now: float) -> list[float]:
    """Set all to work that can begin now; what takes no time is done at once. The times at which others can begin."""
    moved = True
    while moved:
        moved, later = False, []
        for device, each in devices.items():
            while device not in running and not each.ended:
                operation = each.next[1]
                ready = operation.ready(each.seconds)
                if ready is None:
                    break
                if ready > now:
                    later.append(ready)
                    break
                if operation.seconds > 0:
                    running[device] = ready, operation.seconds
                else:
                    each.did(ready, ready)
                moved = True
    return later
