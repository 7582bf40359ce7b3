"""What an explorer shows: a graph, the files that it was written in, and what is known of its nodes from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cnngraph.diagnostics import Diagnostic
from cnngraph.elaborate.modules import Program
from cnngraph.elaborate.observe import observe
from cnngraph.ir.graph import Graph
from cnngraph.judge import judge
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
    wrong: Mapping[str, str] = field(default_factory=dict)
    facts: Facts = field(default_factory=dict)
    profiled: str = ""

    @property
    def name(self) -> str:
        return self.graph.name

    def with_facts(self, name: str, values: Mapping[str, object]) -> Subject:
        """One more fact for some of the nodes; others, such as those that a pass has joined, have none."""
        told = {node: {name: value} for node, value in values.items() if node in self.graph}
        joined = {node: {**self.facts.get(node, {}), **told.get(node, {})} for node in (*self.facts, *told)}
        return replace(self, facts=joined)


def subject_of(program: Program, graph: Graph, settings: Mapping[str, object] | None = None) -> Subject:
    """A graph that was read without an error, with the warnings about its file."""
    return _placed(Subject(graph, program, judge(program, settings).found))


def broken_subject(program: Program, net: str | None, settings: Mapping[str, object] | None, path: Path) -> Subject:
    """A net as far as it goes: what refused its inputs is a node that only stands there.

    >>> from cnngraph.elaborate.modules import load_text
    >>> program = load_text("net n(image: 1@8x8) { conv(4, 3x3); dense(10) }")
    >>> found = broken_subject(program, None, None, Path("n.cnn"))
    >>> [str(node.op) for node in found.graph][-1], list(found.wrong), found.found[0].code
    ('dense(10)', ['dense'], 'E0201')
    """
    observation = observe(program, net, settings)
    graph, overlay = drawable(observation, path.stem)
    found = tuple(dict.fromkeys([*observation.found, *judge(program, settings).found]))
    return _placed(Subject(graph, program, found, overlay.notes))


def _placed(subject: Subject) -> Subject:
    """With the devices that the file itself names."""
    return subject.with_facts("device", {node.name: node.device for node in subject.graph if node.device})
