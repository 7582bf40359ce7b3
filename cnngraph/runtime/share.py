"""One process's share of a pipeline: the memory, the states and the actions of one device, and of no other.

    process 0 (gpu0)   plan   F0 F1 .. B0 .. U
    process 1 (gpu1)   plan   F0 F1 .. B0 .. U    then all send each other what they gave: equal outputs everywhere
    process 2 (gpu2)   plan   F0 F1 .. B0 .. U

Every process plans the whole pipeline, from the same graph and sizes; only the division comes from the first device,
for a search that time cuts short may end differently elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.partition.device import Cluster
from cnngraph.pipeline.schedule import Phase
from cnngraph.pipeline.timeline import Span, Timeline
from cnngraph.runtime.engines.transport import Transport
from cnngraph.runtime.feeds import checked_feeds
from cnngraph.runtime.member import Member, Results, combined
from cnngraph.runtime.pipeline import Pipeline, most_parts, since
from cnngraph.runtime.pipelining import PipelineOptions, PipelinePlan, pipeline_plan
from cnngraph.runtime.settings import Settings
from cnngraph.runtime.threads import one_blas_thread

RESULTS, FLAGS, LENGTHS, TEXTS = range(1_000_000, 1_000_004)  # tags above those of any plan

First = Callable[[Sequence[str]], Mapping[str, Array]]
"""First values of the states with these names."""


class Share(Pipeline):
    """A pipeline of which this process runs the device of `transport`. All processes make it, and call it, alike.

    `states` are those of this device alone: `first` makes them once it is known which they are. `feeds`, for which the
    first plan is made, have the sizes of real ones.
    """

    def __init__(
        self,
        graph: Graph,
        first: First,
        feeds: Mapping[str, Any],
        cluster: Cluster,
        options: PipelineOptions,
        settings: Settings,
        transport: Transport,
    ) -> None:
        super().__init__(graph, {}, cluster, options, settings, transport.wait_seconds)
        self.transport = transport
        self._first: First | None = first
        self.plan(feeds)

    def _made(self, sizes: Mapping[str, int]) -> Own:
        options = replace(self.options, microbatches=most_parts(sizes.get("batch", 1), self.options.microbatches))
        if options.device_of is None:
            options = self._divided(sizes, options)
        plan = pipeline_plan(self.graph, sizes, self.cluster, options, self.settings)
        if self._first is not None:
            first = self._first(own_states(plan, self.transport.device))
            self.states = {name: np.array(value, order="C") for name, value in first.items()}
            self.options = replace(self.options, device_of=options.device_of, teams=options.teams)
            self._first = None
        return Own(self.graph.bind(**sizes), plan, self.states, self.cluster.names, self.transport)

    def _divided(self, sizes: Mapping[str, int], options: PipelineOptions) -> PipelineOptions:
        """With the division that the first device finds."""
        first, text = self.cluster.names[0], ""
        if self.transport.device == first:
            found = pipeline_plan(self.graph, sizes, self.cluster, options, self.settings).partition
            text = json.dumps([dict(found.device_of), found.teams])
        device_of, teams = json.loads(told(self.transport, self.cluster.names, first, text))
        return replace(options, device_of=device_of, teams=tuple(map(tuple, teams)))


def own_states(plan: PipelinePlan, device: str) -> list[str]:
    """Names of the states that a device holds."""
    stage = plan.schedule.stage_of.get(device)
    return [] if stage is None else [name for name in plan.states(stage) if name not in plan.accumulators]


def told(transport: Transport, devices: Sequence[str], source: str, text: str) -> str:
    """The text of `source`, everywhere."""
    content = np.frombuffer(text.encode(), np.uint8)
    length = sent_to_all(transport, devices, source, LENGTHS, np.array(len(content)))
    whole = content if transport.device == source else np.empty(int(length), np.uint8)
    return sent_to_all(transport, devices, source, TEXTS, whole).tobytes().decode()


def agreed(transport: Transport, devices: Sequence[str], flag: bool) -> bool:
    """Whether the flag is set anywhere."""
    return any(bool(each) for each in transport.gather(devices, FLAGS, np.array(flag)))


def sent_to_all(transport: Transport, devices: Sequence[str], source: str, tag: int, value: Array) -> Array:
    """The value of `source`, everywhere; elsewhere `value` is where it goes."""
    if transport.device != source:
        transport.take(tag, source, value)
        return value
    for peer in devices:
        if peer != source:
            transport.put(tag, peer, value)
    return value


def _spans(text: str) -> tuple[Span, ...]:
    return tuple(Span(device, Phase(phase), *rest) for device, phase, *rest in json.loads(text))


@dataclass
class Own:
    """A plan with the member of this process, where the device has work."""

    graph: Graph
    plan: PipelinePlan
    states: Mapping[str, Array]
    devices: Sequence[str]
    transport: Transport

    def __post_init__(self) -> None:
        self.wanted = {node.name: node.type for node in self.graph.inputs}
        self.transport.make_room(self.plan.capacity)
        at_work = self.transport.device in self.plan.devices
        own = {name: self.states[name] for name in own_states(self.plan, self.transport.device)}
        self.member = Member(self.plan, self.transport.device, own, self.transport) if at_work else None

    def run(self, feeds: Mapping[str, Any]) -> dict[str, Array]:
        """Errors: E0705; and PeerLost, where a message does not come."""
        checked = checked_feeds(self.wanted, feeds)
        results: Results = {}
        if self.member is not None:
            with one_blas_thread:
                self.member.run(checked)
            results = self.member.results
        return combined(self.plan, [self._results_of(device, results) for device in self.plan.devices])

    def timed(self, feeds: Mapping[str, Any]) -> Timeline:
        """One run, and what each device did when, by its own clock."""
        begun = perf_counter()
        spans: list[Span] = []
        if self.member is not None:
            self.member.spans = spans
        try:
            self.run(feeds)
        finally:
            if self.member is not None:
                self.member.spans = None
        own = json.dumps(since(begun, spans))
        texts = {device: told(self.transport, self.devices, device, own) for device in self.plan.devices}
        return Timeline("measured", {name: _spans(text) for name, text in texts.items()})

    def predicted(self, feeds: Mapping[str, Any]) -> Timeline:
        raise error("E0603", "a prediction needs all devices in one process", "leave --engine away")

    def take(self) -> None:
        """The states have other values: what follows from them is computed again."""
        if self.member is not None:
            self.member.prepare()

    def _results_of(self, device: str, own: Results) -> Results:
        """What a device gave, in one message to all."""
        parts = self._parts(device)
        if not parts:
            return {}
        kind = np.dtype([(f"{name} {i}", type_.dtype, type_.concrete) for name, i, type_ in parts])
        message = np.zeros((), kind)
        if device == self.transport.device:
            for name, i, _ in parts:
                message[f"{name} {i}"] = own[name][i]
        flat = message.reshape(1).view(np.uint8)
        sent_to_all(self.transport, self.devices, device, RESULTS, flat)
        found: Results = {}
        for name, i, _ in parts:
            found.setdefault(name, {})[i] = np.array(message[f"{name} {i}"])
        return found

    def _parts(self, device: str) -> list[tuple[str, int, TensorType]]:
        """The outputs that a device has: of which microbatch, and of which type."""
        plan, order = self.plan, self.plan.schedule
        graph = plan.partition.graph
        return [
            (name, i, graph.type_of(graph.outputs[name]))
            for name, view in plan.micro.outputs.items()
            for i in range(order.microbatches)
            if order.member(plan.micro.buffers[view.buffer].device, i) == device
        ]
