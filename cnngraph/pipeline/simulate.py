"""Predicts the step of a pipeline: every device goes through its actions and waits for messages, room and its team.

    gpu0  F0  put  F1  put ...         a channel (tag, source, target) holds `capacity` messages: a put into a full one
    gpu1      take F0  put ...         waits for the take that makes room, a take from an empty one for the put

No device asks which of two messages came first, so whichever device is followed first, the times are those of one clock
(Kahn, The semantics of a simple language for parallel programming, IFIP 1974).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import lcm

from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.pipeline.operations import Channel, Gathering, Meet, Operation, Put, Road, Take, Work
from cnngraph.pipeline.program import Compute, Program, Receive, Send, Transport, coarse, even_program, instant
from cnngraph.pipeline.progress import Progress, go_alone, share_cores
from cnngraph.pipeline.schedule import ALL, Action, Phase, Schedule
from cnngraph.pipeline.timeline import Timeline

WORK = {Phase.UPDATE: "update", Phase.REDUCE: "reduce"}  # other phases compute


def simulate(
    program: Program, schedule: Schedule, transport: Transport, name: str = "predicted", cores: int | None = None
) -> Timeline:
    """When each device does what; with `cores`, all of them share so many. Errors: E0602 where devices wait for each
    other in a circle, which is told.
    """
    run = _Run(program, schedule, transport)
    run.to_the_end(cores)
    return Timeline(name, {device: tuple(each.spans) for device, each in run.devices.items()})


def least_capacity(program: Program, schedule: Schedule) -> int:
    """The smallest capacity of channels with which the schedule comes to its end. Errors: E0602 where none does."""
    fewer, most = coarse(program), schedule.microbatches
    _Run(fewer, schedule, Transport(instant, capacity=most)).to_the_end()  # there no channel is ever full

    def ends(capacity: int) -> bool:
        return _Run(fewer, schedule, Transport(instant, capacity=capacity)).goes_to_the_end()

    return bisect_left(range(1, most), True, key=ends) + 1


def enough_capacity(program: Program, schedule: Schedule, transport: Transport, slack: float = 0.001) -> int:
    """The smallest capacity with which full channels make the step no longer, but for a share of `slack`."""
    fewer, most = coarse(program), schedule.microbatches
    best = simulate(fewer, schedule, replace(transport, capacity=most)).step_seconds

    def serves(capacity: int) -> bool:
        run = _Run(fewer, schedule, replace(transport, capacity=capacity))
        return run.goes_to_the_end() and run.step_seconds <= best * (1 + slack)

    return bisect_left(range(1, most), True, key=serves) + 1


def in_flight_bytes(
    schedule: Schedule, fixed_bytes: Mapping[str, int], stash_bytes: Mapping[str, int]
) -> dict[str, int]:
    """Peak bytes of each device: what is always there, and what each microbatch in flight keeps for its backward.

    Both are given for stages; each member of a team has its own.
    """
    stages = {device: schedule.stage_of[device] for device in schedule.devices}
    return {
        device: fixed_bytes.get(stage, 0) + schedule.in_flight(device) * stash_bytes.get(stage, 0)
        for device, stage in stages.items()
    }


def picture(schedule: Schedule, edges: Sequence[tuple[str, str]]) -> str:
    """The schedule along time, where each phase takes one slot and messages take none."""
    stages = dict.fromkeys(schedule.stage_of[device] for device in schedule.devices)
    roomy = Transport(instant, capacity=schedule.microbatches)
    return simulate(even_program(stages, edges), schedule, roomy, schedule.name).picture(1.0)


class _Run:
    """One simulation."""

    def __init__(self, program: Program, schedule: Schedule, transport: Transport) -> None:
        self.program, self.schedule, self.transport = program, schedule, transport
        self.channels: dict[tuple[int, str, str], Channel] = {}
        self.roads: dict[tuple[str, str], Road] = {}
        self.gatherings = {stage: Gathering(team) for stage, team in schedule.teams.items()}
        self.turns = lcm(*map(len, schedule.teams.values()))
        self.bytes_of = {
            (item.tag, stage, item.target): item.bytes
            for stage, phases in program.items()
            for items in phases.values()
            for item in items
            if isinstance(item, Send)
        }
        self.devices = {device: Progress(device, self._todo(device, own)) for device, own in schedule.actions.items()}

    @property
    def step_seconds(self) -> float:
        return max((each.seconds for each in self.devices.values()), default=0.0)

    def to_the_end(self, cores: int | None = None) -> None:
        if not self.goes_to_the_end(cores):
            raise self._deadlock()

    def goes_to_the_end(self, cores: int | None = None) -> bool:
        """Go as far as possible; whether all devices come to their end."""
        if cores is None:
            go_alone(self.devices)
        else:
            share_cores(self.devices, cores)
        return all(each.ended for each in self.devices.values())

    def _todo(self, device: str, actions: Sequence[Action]) -> list[tuple[Action, Sequence[Operation]]]:
        made: dict[tuple[Phase, int], Sequence[Operation]] = {}
        found = []
        for action in actions:
            key = action.phase, ALL if action.microbatch == ALL else action.microbatch % self.turns
            if key not in made:
                made[key] = self._operations(device, *key)
            found.append((action, made[key]))
        return found

    def _operations(self, device: str, phase: Phase, turn: int) -> list[Operation]:
        """What a phase does with a microbatch whose turn it is in all teams."""
        stage = self.schedule.stage_of[device]
        found: list[Operation] = [Meet(device, self.gatherings[stage])] if phase is Phase.REDUCE else []
        for item in self.program[stage].get(phase, ()):
            match item:
                case Compute(seconds, name):
                    found.append(Work(WORK.get(phase, "compute"), seconds, name))
                case Send(tag=tag, target=target, name=name):
                    peers = self._targets(device, target, turn)
                    found += [Put(self._channel(tag, device, peer, name)) for peer in peers]
                case Receive(tag=tag, source=source, name=name):
                    found.append(Take(self._channel(tag, self._source(device, source, turn), device, name)))
        return found

    def _channel(self, tag: int, source: str, target: str, name: str) -> Channel:
        key = tag, source, target
        if key not in self.channels:
            stages = self.schedule.stage_of[source], self.schedule.stage_of[target]
            seconds = self.transport.seconds(source, target, self.bytes_of.get((tag, *stages), 0))
            road = None if self.transport.occupies else self.roads.setdefault((source, target), Road())
            name = name or f"message {tag}"
            self.channels[key] = Channel(source, target, name, seconds, self.transport.capacity, road)
        return self.channels[key]

    def _targets(self, device: str, target: str, turn: int) -> list[str]:
        """The members of another team that a message goes to; what is for all goes to each of them, from one."""
        if turn != ALL:
            return [self.schedule.member(target, turn)]
        stage = self.schedule.stage_of[device]
        return [peer for peer in self.schedule.team(target) if self._source(peer, stage, turn) == device]

    def _source(self, device: str, source: str, turn: int) -> str:
        """The member of another team that a message comes from."""
        own = self.schedule.team(self.schedule.stage_of[device])
        return self.schedule.member(source, own.index(device) if turn == ALL else turn)

    def _deadlock(self) -> CnnGraphError:
        """Who waits for whom: the circle, or the way to a device that has ended without giving what is waited for."""
        device = next(name for name, each in self.devices.items() if not each.ended)
        way: list[str] = []
        told: list[str] = []
        while device not in way and not self.devices[device].ended:
            action, operation = self.devices[device].next
            way.append(device)
            told.append(f"{device} in {action} waits for {operation.awaited} of {operation.peer}")
            device = operation.peer
        circle = told[way.index(device) :] if device in way else [*told, f"{device} has ended"]
        text = f"the schedule {self.schedule.name} cannot come to its end: {'; '.join(circle)}"
        return error("E0602", text, f"channels hold {self.transport.capacity} messages here: give them more room")

