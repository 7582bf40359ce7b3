"""Measures what each device of a pipeline takes, while all are busy and none waits for another.

    recorded   gpu0  F0 put  F1 put  wait    take B0 ...       one step as it is; each device keeps what it took
               gpu1  wait    take F0 B0 put ...
    replayed   gpu0  F0 put' F1 put' take' B0 ...              then everyone goes through its actions on its own: a put
               gpu1  take' F0 B0 put' ...                      copies to nowhere, a take copies what was kept

So the seconds hold for devices that share a machine, and nothing of the schedule is in them: `simulate` adds the
waiting. What a step of the pipeline does beside its plan (feeds, outputs, accumulators) is measured with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.pipeline.program import Compute, Item, Program, Send, Transport
from cnngraph.pipeline.schedule import ALL, Phase
from cnngraph.pipeline.timeline import Span
from cnngraph.runtime.engines.transport import Channels
from cnngraph.runtime.engines.transport import Transport as End
from cnngraph.runtime.member import ZEROING, Member, tag_count
from cnngraph.runtime.pipelining import PipelinePlan
from cnngraph.runtime.predict import PHASES, message, phases_on
from cnngraph.runtime.threads import Crew

ROUNDS = 5  # at least, and for so long:
BUSY_SECONDS = 0.5
TURNS = 20  # messages of each size by which a channel is measured

Kept: TypeAlias = dict[tuple[int, str], Array]
"""The last message of each tag from each device."""


class Recording(End):
    """An end of channels that keeps what it took."""

    def __init__(self, end: End, kept: Kept) -> None:
        super().__init__(end.device, end.wait_seconds)
        self.end, self.kept = end, kept

    def put(self, tag: int, target: str, value: Array) -> None:
        self.end.put(tag, target, value)

    def take(self, tag: int, source: str, out: Array) -> None:
        self.end.take(tag, source, out)
        self.kept[tag, source] = out.copy()

    def fail(self, reason: BaseException) -> None:
        self.end.fail(reason)

    def close(self) -> None:
        self.end.close()


class Replay(End):
    """An end without peers: it takes what was kept, and forgets what is put."""

    def __init__(self, device: str, kept: Kept) -> None:
        super().__init__(device)
        self.kept = kept
        self._scratch: Kept = {}

    def put(self, tag: int, target: str, value: Array) -> None:
        if (tag, target) not in self._scratch:
            self._scratch[tag, target] = np.empty(value.shape, value.dtype)
        np.copyto(self._scratch[tag, target], value)

    def take(self, tag: int, source: str, out: Array) -> None:
        np.copyto(out, self.kept[tag, source])

    def fail(self, reason: BaseException) -> None:
        """Nobody listens."""

    def close(self) -> None:
        """Nothing is sent."""


def replayed(
    plan: PipelinePlan, members: Sequence[Member], step: Callable[[], object], feeds: Mapping[str, Any]
) -> Program:
    """The program of a pipeline by what it takes here. `step` runs these members once, on these feeds.

    Each part of a phase between two messages has the median of its seconds over microbatches, rounds and the members of
    a team. The states are left as they were.
    """
    before = {member.device: {name: value.copy() for name, value in member.states.items()} for member in members}
    ends = {member.device: member.transport for member in members}
    kept: dict[str, Kept] = {member.device: {} for member in members}
    try:
        for member in members:
            member.transport = Recording(ends[member.device], kept[member.device])
        step()
        for member in members:
            member.transport = Replay(member.device, kept[member.device])
        found = _Busy(members, before, feeds).measured()
    finally:
        for member in members:
            member.transport, member.spans = ends[member.device], None
            _restore(member, before[member.device])
    return _program(plan, found)


def _restore(member: Member, states: Mapping[str, Array]) -> None:
    for name, value in states.items():
        np.copyto(member.states[name], value)
    member.prepare()


@dataclass
class _Busy:
    """All members go through their actions again and again, until each has done so often enough."""

    members: Sequence[Member]
    states: Mapping[str, Mapping[str, Array]]
    feeds: Mapping[str, Any]
    found: list[list[Span]] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    post: Channels = field(default_factory=Channels)

    def measured(self) -> list[list[Span]]:
        """The spans of each round of each member."""
        Crew({member.device: [partial(self._run, member)] for member in self.members}, self.post).run()
        return self.found

    def _run(self, member: Member) -> None:
        self._round(member)  # touches its memory for the first time
        rounds, end = 0, perf_counter() + BUSY_SECONDS
        while rounds < ROUNDS or perf_counter() < end:
            self.found.append(self._round(member))
            rounds += 1
        self.ended.add(member.device)
        while len(self.ended) < len(self.members) and not self.post.failed:
            self._round(member)  # the others are to have company to their end

    def _round(self, member: Member) -> list[Span]:
        _restore(member, self.states[member.device])
        found: list[Span] = []
        member.spans = found
        member.run(self.feeds)
        return found


Place: TypeAlias = tuple[str, Phase, int]
"""A part of a phase of a stage: how many messages come before it."""


def _program(plan: PipelinePlan, rounds: Sequence[Sequence[Span]]) -> Program:
    taken: dict[Place, list[float]] = {}
    for spans in rounds:
        for (place, _), each in _parts(plan, spans).items():
            taken.setdefault(place, []).append(each)
    seconds = {place: median(values) for place, values in taken.items()}
    return {stage: _phases(plan, stage, seconds) for stage in plan.stages}


def _parts(plan: PipelinePlan, spans: Sequence[Span]) -> dict[tuple[Place, int], float]:
    """Seconds of each part for each microbatch, in one round of one member."""
    found: dict[tuple[Place, int], float] = {}
    passed: dict[tuple[Phase, int], int] = {}
    for span in spans:
        action = span.phase, span.microbatch
        if span.kind in ("send", "wait"):
            passed[action] = passed.get(action, 0) + 1
            continue
        stage = plan.schedule.stage_of[span.device]
        once = span.name == ZEROING  # at the start of a step, whatever its first action is
        place = (stage, Phase.UPDATE, -1) if once else (stage, span.phase, passed.get(action, 0))
        key = place, ALL if once else span.microbatch
        found[key] = found.get(key, 0.0) + span.seconds
    return found


def _phases(plan: PipelinePlan, stage: str, seconds: Mapping[Place, float]) -> dict[Phase, tuple[Item, ...]]:
    messages = _messages(plan, stage)
    found: dict[Phase, tuple[Item, ...]] = {}
    for phase in dict.fromkeys(phase for name, phase, _ in seconds if name == stage):
        items: list[Item] = [Compute(seconds.get((stage, phase, -1), 0.0), ZEROING)]
        for i, each in enumerate(messages.get(phase, ())):
            items += [Compute(seconds.get((stage, phase, i), 0.0)), each]
        items.append(Compute(seconds.get((stage, phase, len(messages.get(phase, ()))), 0.0)))
        found[phase] = tuple(item for item in items if not isinstance(item, Compute) or item.seconds)
    return found


def _messages(plan: PipelinePlan, stage: str) -> dict[Phase, list[Item]]:
    """What a stage sends and receives in each phase, in order."""
    found = {
        PHASES[phase]: [each for step in steps if (each := message(plan.micro, step))]
        for phase, steps in phases_on(plan.micro, stage).items()
    }
    if plan.update is not None and stage in plan.update.devices:
        base = tag_count(plan.micro)
        late = (message(plan.update, step, base) for step in plan.update.steps[stage])
        found[Phase.UPDATE] = [each for each in late if each]
    return found


def channel_transport(program: Program, capacity: int) -> Transport:
    """How long messages of a program's sizes take to be copied into a channel of this process, or out of it."""
    sizes = {
        item.bytes
        for phases in program.values()
        for items in phases.values()
        for item in items
        if isinstance(item, Send)
    }
    seconds = {size: _turn_seconds(size) for size in sizes}
    return Transport(lambda source, target, count: seconds[count], occupies=True, capacity=capacity)


def _turn_seconds(size: int) -> float:
    channels, value = Channels(), np.zeros(size, np.uint8)
    source, target, taken = channels.end("source"), channels.end("target"), []
    for _ in range(TURNS):
        start = perf_counter()
        source.put(0, "target", value)
        target.take(0, "source", value)
        taken.append((perf_counter() - start) / 2)
    return median(taken)
