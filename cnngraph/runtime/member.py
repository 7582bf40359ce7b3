"""One device of a pipeline: its memory, its states, and the actions of its schedule bound to them.

    slot 0   F0 ........ B0    F2 ........ B2         a microbatch in flight has a slot of memory: what its forward
    slot 1       F1 ........ B1    F3 ........ B3     phase leaves for its backward phase lies there
    device   F0  F1      B0 F2 B1  F3      B2 B3  U

It knows nothing of other devices but their names: a transport carries its messages, the same calls on every engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.kernels.kernel import Call
from cnngraph.pipeline.schedule import ALL, Action, Phase
from cnngraph.pipeline.timeline import Span
from cnngraph.plan.phases import BACKWARD, FORWARD, WEIGHTS
from cnngraph.plan.plan import Plan
from cnngraph.plan.steps import Receive, Send, View
from cnngraph.runtime.binding import bind_step
from cnngraph.runtime.engines.transport import Transport
from cnngraph.runtime.memory import Memory
from cnngraph.runtime.pipelining import PipelinePlan

PLANNED = {Phase.FORWARD: FORWARD, Phase.BACKWARD: BACKWARD, Phase.WEIGHTS: WEIGHTS}

ZEROING = "accumulators to 0"

Results = dict[str, dict[int, Array]]
"""For each output what each microbatch gave."""


@dataclass
class Member:
    """A device, ready to run its part of a step many times.

    `states` are those of its stage, used as they are and overwritten; nobody else holds them. `totals` are its
    accumulators: after a step, the gradients added up over the microbatches, and over a team.
    """

    plan: PipelinePlan
    device: str
    states: Mapping[str, Array]
    transport: Transport
    spans: list[Span] | None = None  # filled while there is a list
    results: Results = field(default_factory=dict)

    def __post_init__(self) -> None:
        order = self.plan.schedule
        self.stage = order.stage_of[self.device]
        self.actions = order.actions[self.device]
        self.own = list(dict.fromkeys(a.microbatch for a in self.actions if a.microbatch != ALL))
        self.last = {action.microbatch: i for i, action in enumerate(self.actions)}
        micro = self.plan.micro
        with_accumulators = {**self.states, **_zeros(micro, self.stage, self.plan.accumulators)}
        first = Memory(micro, with_accumulators, devices=[self.stage])
        others = [first.another() for _ in range(order.in_flight(self.device) - 1)]
        self.totals = {n: with_accumulators[n] for n in self.plan.accumulators if n in with_accumulators}
        moving = [self.states[n] for n in self.plan.moving if n in self.states]
        self._counters = [x for x in moving if np.issubdtype(x.dtype, np.integer)]  # (key, step) of random numbers
        self._averages = [x for x in moving if not np.issubdtype(x.dtype, np.integer)]
        self._team = order.team(self.stage)
        self._route = _Route(self)
        self._slots = [_Slot(micro, self.stage, memory, self._route) for memory in (first, *others)]
        self._once = [bind_step(step, first, self._route) for step in micro.prologue[self.stage]]
        self._late: _Slot | None = None
        if self.plan.update is not None and self.stage in self.plan.update.devices:
            memory = Memory(self.plan.update, with_accumulators, 1, [first], devices=[self.stage])
            self._late = _Slot(self.plan.update, self.stage, memory, self._route)
        self._names = _names(self.plan)
        self.prepare()

    def prepare(self) -> None:
        """Compute what follows from the states alone."""
        for call in self._once:
            call()

    def run(self, feeds: Mapping[str, Any]) -> None:
        """One step: all actions in order. Then `results` holds the outputs, and the states have their next values."""
        self.results = {}
        self.transport.names = self._names
        self._steps = [int(counter[-1]) for counter in self._counters]
        if self.totals:
            self._route.begin(self.actions[0])
            for total in self.totals.values():
                total.fill(0)
            self._route.end(ZEROING)
        with np.errstate(all="ignore"):  # infinity and NaN pass through, and whoever reads the results judges them
            for i, action in enumerate(self.actions):
                self._route.begin(action)
                self._act(action, feeds, self.last[action.microbatch] == i)
                self._route.end()

    def _act(self, action: Action, feeds: Mapping[str, Any], last: bool) -> None:
        if action.phase is Phase.REDUCE:
            self._reduce()
        elif action.phase is Phase.UPDATE:
            self._update(feeds)
        else:
            slot = self._slots[self.own.index(action.microbatch) % len(self._slots)]
            if action.phase is Phase.FORWARD:
                slot.feed(feeds, action.microbatch, self.plan.samples)
                self._count(action.microbatch)
            for call in slot.phases.get(PLANNED[action.phase], ()):
                call()
            if last:
                for name, value in slot.outputs().items():
                    self.results.setdefault(name, {})[action.microbatch] = value

    def _update(self, feeds: Mapping[str, Any]) -> None:
        if self._late is not None:
            self._late.feed(feeds, ALL, self.plan.samples)
            for call in self._late.phases.get(FORWARD, ()):
                call()
        self.prepare()

    def _reduce(self) -> None:
        """The team's sums of gradients, added in its order; averages that each moved for itself are averaged."""
        first = self._route.base + self._route.count
        for k, total in enumerate(self.totals.values()):
            np.copyto(total, _summed(self.transport.gather(self._team, first + k, total)))
        for k, state in enumerate(self._averages, len(self.totals)):
            found = _summed(self.transport.gather(self._team, first + k, state))
            np.copyto(state, found / state.dtype.type(len(self._team)))
        self._count(self.plan.schedule.microbatches)

    def _count(self, microbatches: int) -> None:
        """Counters of a team stand where so many microbatches leave them, whoever ran these."""
        if len(self._team) > 1:
            for counter, step in zip(self._counters, self._steps, strict=True):
                counter[-1] = step + microbatches


def _summed(values: Sequence[Array]) -> Array:
    """The sum, added in order."""
    total = np.array(values[0])
    for value in values[1:]:
        total += value
    return total


def _zeros(plan: Plan, stage: str, names: Sequence[str]) -> dict[str, Array]:
    buffers = {name: plan.buffers[plan.states[name]] for name in names}
    return {n: np.zeros(b.type.concrete, b.type.dtype) for n, b in buffers.items() if b.device == stage}


def _names(plan: PipelinePlan) -> dict[int, str]:
    """What each tag stands for, in words."""
    plans = [(0, plan.micro), *([(tag_count(plan.micro), plan.update)] if plan.update is not None else [])]
    return {
        base + step.tag: str(step.value)
        for base, each in plans
        for steps in each.steps.values()
        for step in steps
        if isinstance(step, Send)
    }


def tag_count(plan: Plan) -> int:
    """How many tags the messages of a plan have."""
    return 1 + max((s.tag for steps in plan.steps.values() for s in steps if isinstance(s, Send)), default=-1)


class _Slot:
    """A plan's stages on one device, bound to the memory of one run in flight."""

    def __init__(self, plan: Plan, stage: str, memory: Memory, route: _Route) -> None:
        self.plan = plan
        self.inputs = {n: memory.array(View(i), 0) for n, i in plan.inputs.items() if plan.buffers[i].device == stage}
        self.shown = {
            name: memory.array(view, 0)
            for name, view in plan.outputs.items()
            if plan.buffers[view.buffer].device == stage
        }
        self.phases: dict[int, list[Call]] = {}
        phases = plan.phases.get(stage) or (FORWARD,) * len(plan.stages[stage])
        for jobs, phase in zip(plan.stages[stage], phases, strict=True):
            calls = self.phases.setdefault(phase, [])
            calls += [bind_step(step, memory, route) for job in jobs for step in job]

    def feed(self, feeds: Mapping[str, Any], microbatch: int, samples: int) -> None:
        """What the microbatch has of the inputs; an input without a batch is there for all."""
        for name, array in self.inputs.items():
            given = np.asarray(feeds[name])
            if given.shape != array.shape:
                size = len(array)
                given = given[microbatch * size : (microbatch + 1) * size]
            np.copyto(array, given)

    def outputs(self) -> dict[str, Array]:
        return {name: array.copy() for name, array in self.shown.items()}


class _Route:
    """Where the messages of the action in progress go: to the members of other stages that have its microbatch."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.schedule = member.plan.schedule
        self.place = self.schedule.team(member.stage).index(member.device)
        self.base = tag_count(member.plan.micro)
        self.count = tag_count(member.plan.update) if member.plan.update is not None else 0
        self.action = Action(Phase.FORWARD, 0)
        self.mark = 0.0

    def begin(self, action: Action) -> None:
        self.action = action
        self.mark = perf_counter()

    def end(self, name: str = "") -> None:
        if self.member.spans is not None:
            kinds = {Phase.UPDATE: "update", Phase.REDUCE: "reduce"}
            self._note(kinds.get(self.action.phase, "compute"), self.mark, perf_counter(), name)

    def _note(self, kind: str, start: float, end: float, name: str = "", peer: str = "") -> None:
        found = Span(self.member.device, self.action.phase, self.action.microbatch, kind, start, end, name, peer)
        if self.member.spans is not None and end > start:
            self.member.spans.append(found)

    def send(self, step: Send, value: Array) -> None:
        start = perf_counter()
        for peer in self._targets(step.target):
            self.member.transport.put(self._tag(step.tag), peer, value)
        self._moved("send", start, str(step.value), step.target)

    def receive(self, step: Receive, out: Array) -> None:
        start = perf_counter()
        peer = self._source(step.source)
        self.member.transport.take(self._tag(step.tag), peer, out)
        self._moved("wait", start, str(step.value), peer)

    def _moved(self, kind: str, start: float, name: str, peer: str) -> None:
        if self.member.spans is not None:
            self._note("compute", self.mark, start)
            self.mark = perf_counter()
            self._note(kind, start, self.mark, name, peer)

    def _tag(self, tag: int) -> int:
        return tag if self.action.microbatch != ALL else self.base + tag

    def _targets(self, stage: str) -> list[str]:
        """Of another stage the member with this microbatch; at the end each member serves its share of the others."""
        team = self.schedule.team(stage)
        if self.action.microbatch != ALL:
            return [team[self.action.microbatch % len(team)]]
        mine = len(self.schedule.team(self.member.stage))
        return [peer for i, peer in enumerate(team) if i % mine == self.place]

    def _source(self, stage: str) -> str:
        team = self.schedule.team(stage)
        return team[(self.action.microbatch if self.action.microbatch != ALL else self.place) % len(team)]


def combined(plan: PipelinePlan, found: Sequence[Results]) -> dict[str, Array]:
    """The outputs of the batch: what belongs to samples behind each other, of figures the mean over microbatches.

    Figures are added in the order of the microbatches, whoever computed them.
    """
    together: Results = {}
    for results in found:
        for name, parts in results.items():
            together.setdefault(name, {}).update(parts)
    outputs = {}
    for name in plan.micro.outputs:
        values = [together[name][i] for i in sorted(together[name])]
        outputs[name] = np.concatenate(values) if name in plan.batched else _mean(values)
    return outputs


def _mean(values: Sequence[Array]) -> Array:
    return np.asarray(_summed(values) / len(values)).astype(values[0].dtype)
