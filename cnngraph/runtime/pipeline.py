"""Runs a graph as a pipeline on threads: one for each device, in the place of a `Runner`."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from cnngraph.cost.quantity import bytes_text
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.partition.device import Cluster
from cnngraph.pipeline.simulate import simulate
from cnngraph.pipeline.timeline import Span, Timeline
from cnngraph.runtime.balance import pipeline_seconds
from cnngraph.runtime.engines.transport import WAIT_SECONDS, Channels
from cnngraph.runtime.feeds import checked_feeds, missing_or_unknown, sizes_of
from cnngraph.runtime.member import Member, combined
from cnngraph.runtime.pipelining import USUAL, PipelineOptions, PipelinePlan, pipeline_plan
from cnngraph.runtime.replay import channel_transport, replayed
from cnngraph.runtime.settings import DEFAULT, Settings
from cnngraph.runtime.threads import Crew

KEPT = 2  # plans with their memory: of the usual batch, and of the last one of an epoch


class Pipeline:
    """A graph with its states, for batches that go through the devices of a cluster in microbatches.

    The results, and the states after any number of steps, are those of a pipeline with the same microbatches on one
    device, bit for bit. A batch that cannot be cut into so many parts is cut into fewer.
    """

    def __init__(
        self,
        graph: Graph,
        states: Mapping[str, Array],
        cluster: Cluster,
        options: PipelineOptions = USUAL,
        settings: Settings = DEFAULT,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self.graph, self.cluster, self.options, self.settings = graph, cluster, options, settings
        self.wait_seconds = wait_seconds
        given = [node.name for node in graph.states if node.name in states]
        self.states: dict[str, Array] = {name: np.array(states[name], order="C") for name in given}
        self._kept: dict[tuple[tuple[str, int], ...], Ready] = {}
        self._lock = threading.Lock()

    def run(self, feeds: Mapping[str, Any]) -> dict[str, Array]:
        """The outputs for these feeds; afterwards the states have their next values. Errors: E0705."""
        with self._lock:
            return self._ready(feeds).run(feeds)

    def timed(self, feeds: Mapping[str, Any]) -> Timeline:
        """One step, and what each device did when."""
        with self._lock:
            return self._ready(feeds).timed(feeds)

    def predicted(self, feeds: Mapping[str, Any]) -> Timeline:
        """What `timed` should find, from what each device takes when it never waits; the states stay as they are."""
        with self._lock:
            return self._ready(feeds).predicted(feeds)

    def plan(self, feeds: Mapping[str, Any]) -> PipelinePlan:
        """The plan for feeds of these sizes."""
        with self._lock:
            return self._ready(feeds).plan

    def memory(self, feeds: Mapping[str, Any]) -> str:
        """What a step takes at its peak on each device, in words."""
        return "; ".join(f"{device} {bytes_text(peak)}" for device, peak in self.plan(feeds).peak_bytes.items())

    def take(self, states: Mapping[str, Array]) -> None:
        """Go on with the values of these states."""
        with self._lock:
            for name, value in self.states.items():
                np.copyto(value, states[name])
            for ready in self._kept.values():
                ready.take()

    def _ready(self, feeds: Mapping[str, Any]) -> Ready:
        if found := missing_or_unknown([node.name for node in self.graph.inputs], feeds):
            raise CnnGraphError(found)
        sizes = sizes_of(self.graph, feeds)
        key = tuple(sorted(sizes.items()))
        if self.options.measure and self.options.device_of is None and self.options.measured is None:
            self.options = replace(self.options, measured=self._measured(sizes, feeds))
        before = next(reversed(self._kept), None)
        made = self._kept.pop(key, None) or self._made(sizes)
        if before not in (None, key):
            made.take()  # the states moved on with another plan
        self._kept[key] = made
        if len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return made

    def _measured(self, sizes: Mapping[str, int], feeds: Mapping[str, Any]) -> Mapping[str, float]:
        options, count = self._options(sizes), len(self.cluster.devices)
        return pipeline_seconds(self.graph, self.states, feeds, count, options, self.settings)

    def _options(self, sizes: Mapping[str, int]) -> PipelineOptions:
        return replace(self.options, microbatches=most_parts(sizes.get("batch", 1), self.options.microbatches))

    def _made(self, sizes: Mapping[str, int]) -> Ready:
        plan = pipeline_plan(self.graph, sizes, self.cluster, self._options(sizes), self.settings)
        found = plan.partition  # states stay where they are
        self.options = replace(self.options, device_of=found.device_of, teams=found.teams)
        return _Threads(self.graph.bind(**sizes), plan, self.states, self.wait_seconds)


def most_parts(samples: int, wanted: int) -> int:
    """The largest number of equal parts that is not above `wanted`.

    >>> most_parts(32, 4), most_parts(10, 4), most_parts(7, 4)
    (4, 2, 1)
    """
    return max(count for count in range(1, max(wanted, 1) + 1) if samples % count == 0)


class Ready(Protocol):
    """A plan with its memory, ready to run."""

    plan: PipelinePlan

    def run(self, feeds: Mapping[str, Any]) -> dict[str, Array]: ...

    def timed(self, feeds: Mapping[str, Any]) -> Timeline: ...

    def predicted(self, feeds: Mapping[str, Any]) -> Timeline: ...

    def take(self) -> None: ...


@dataclass
class _Threads:
    """A plan with its members, each a thread."""

    graph: Graph
    plan: PipelinePlan
    states: Mapping[str, Array]
    wait_seconds: float

    def __post_init__(self) -> None:
        self.channels = Channels(self.plan.capacity, self.wait_seconds)
        order = self.plan.schedule
        self.members = []
        for device in self.plan.devices:
            stage = order.stage_of[device]
            own = {name: self.states[name] for name in self.plan.states(stage) if name in self.states}
            if device != stage:
                own = {name: value.copy() for name, value in own.items()}  # a member of a team has weights of its own
            self.members.append(Member(self.plan, device, own, self.channels.end(device)))
        self.wanted = {node.name: node.type for node in self.graph.inputs}
        self.feeds: Mapping[str, Any] = {}
        calls = {member.device: [partial(self._run_member, member)] for member in self.members}
        self.crew = Crew(calls, self.channels)

    def _run_member(self, member: Member) -> None:
        member.run(self.feeds)

    def run(self, feeds: Mapping[str, Any]) -> dict[str, Array]:
        self.feeds = checked_feeds(self.wanted, feeds)
        self.crew.run()
        return combined(self.plan, [member.results for member in self.members])

    def timed(self, feeds: Mapping[str, Any]) -> Timeline:
        for member in self.members:
            member.spans = []
        begun = perf_counter()
        try:
            self.run(feeds)
        finally:
            found = {member.device: member.spans or [] for member in self.members}
            for member in self.members:
                member.spans = None
        return Timeline("measured", {device: since(begun, spans) for device, spans in found.items()})

    def predicted(self, feeds: Mapping[str, Any]) -> Timeline:
        given = checked_feeds(self.wanted, feeds)
        program = replayed(self.plan, self.members, lambda: self.run(feeds), given)
        return simulate(program, self.plan.schedule, channel_transport(program, self.plan.capacity))

    def take(self) -> None:
        """The states have other values: what follows from them is computed again, and copies of them are renewed."""
        for member in self.members:
            for name, value in member.states.items():
                if value is not self.states[name]:
                    np.copyto(value, self.states[name])
            member.prepare()


def since(begun: float, spans: Sequence[Span]) -> tuple[Span, ...]:
    """The spans, with a clock that began then."""
    return tuple(s._replace(start_seconds=s.start_seconds - begun, end_seconds=s.end_seconds - begun) for s in spans)
