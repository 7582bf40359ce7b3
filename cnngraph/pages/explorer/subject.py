"""What an explorer shows: a graph, the files that it was written in, and what is known of its nodes from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cnngraph.diagnostics import Diagnostic, error, in_order
from cnngraph.elaborate.modules import Program
from cnngraph.elaborate.observe import observe
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.judge import judge
from cnngraph.net import Net
from cnngraph.partition.profile import Profile
from cnngraph.watch.broken import drawable

Facts = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Subject:
    """A graph, wrong or right. `wrong` has the finding of each node that refused its inputs.

    `facts` are for nodes: `device` and measured `seconds`; `profiled` says where the seconds come from.
    """

    graph: Graph
    program: Program
    found: tuple[Diagnostic, ...] = ()
    wrong: Mapping[str, Diagnostic] = field(default_factory=dict)
    facts: Facts = field(default_factory=dict)
    profiled: str = ""

    @property
    def name(self) -> str:
        return self.graph.name

    @property
    def kinds(self) -> Mapping[str, str]:
        """What is never drawn as one box: nodes on different devices, and what refused its inputs."""
        devices = {name: str(facts["device"]) for name, facts in self.facts.items() if "device" in facts}
        return devices | {name: f"wrong {name}" for name in self.wrong}

    def with_facts(self, name: str, values: Mapping[str, object]) -> Subject:
        """One more fact for some of the nodes; others, such as those that a pass has joined, have none."""
        told = {node: {name: value} for node, value in values.items() if node in self.graph}
        joined = {node: {**self.facts.get(node, {}), **told.get(node, {})} for node in (*self.facts, *told)}
        return replace(self, facts=joined)


    def with_devices(self, device_of: Mapping[str, str]) -> Subject:
        """With which device runs what; a node that a pass has taken away stands where its first input does."""
        found: dict[str, str] = {}
        for node in self.graph:
            before = next((found[ref.node] for ref in node.inputs if ref.node in found), "")
            device = device_of.get(node.name, before)
            if device and not isinstance(node.op, State):
                found[node.name] = device
        return self.with_facts("device", found)

    def with_seconds(self, profile: Profile) -> Subject:
        """With what the nodes took. Errors: E0601 where the profile knows none of them."""
        known = profile.nodes or {each.node: each.measured_seconds for each in profile.executed}
        if not any(name in known for name in self.graph.by_name):
            help_ = f"measure it: cnngraph profile {self.program.module.span.source.name} -o profile.json"
            raise error("E0601", f"the profile of {profile.net} has none of the nodes of {self.name}", help_)
        told = f"{profile.machine}, {profile.workers} at once, a run of {profile.run_seconds * 1e3:.3g} ms"
        return replace(self.with_facts("seconds", known), profiled=told)


def subject_of(net: Net, gradient: bool = False) -> Subject:
    """A net, or its training step, with the warnings about its file."""
    graph = net.training_graph() if gradient else net.graph
    return _placed(Subject(graph, net.program, judge(net.program, net.arguments).found))


def broken_subject(program: Program, net: str | None, settings: Mapping[str, object] | None, path: Path) -> Subject:
    """A net as far as it goes: what refused its inputs is a node that only stands there.

    >>> from cnngraph.elaborate.modules import load_text
    >>> program = load_text("net n(image: 1@8x8) { conv(4, 3x3); dense(10) }")
    >>> found = broken_subject(program, None, None, Path("n.cnn"))
    >>> [str(node.op) for node in found.graph][-1], list(found.wrong), found.found[0].code
    ('dense(10)', ['dense'], 'W109')
    """
    observation = observe(program, net, settings)
    graph, overlay = drawable(observation, path.stem)
    found = in_order([*observation.found, *judge(program, settings).found])
    by_text = {finding.render(): finding for finding in found}
    wrong = {name: by_text[text] for name, text in overlay.hints.items() if text in by_text}
    return _placed(Subject(graph, program, tuple(found), wrong))


def _placed(subject: Subject) -> Subject:
    """With the devices that the file itself names."""
    return subject.with_facts("device", {node.name: node.device for node in subject.graph if node.device})
