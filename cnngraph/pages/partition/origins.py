"""Which operators of a network stand behind what is executed, where operators are fused, folded or joined.

    network    conv  batchnorm  relu          executed   relu = fused(conv, relu), batchnorm.folded
    origins    relu: conv, batchnorm, relu               batchnorm.folded: batchnorm
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.partition.groups import forward_nodes
from cnngraph.pipeline.schedule import Phase
from cnngraph.render.outline import UPDATE, backward_nodes
from cnngraph.runtime.pipelining import PipelinePlan
from cnngraph.runtime.predict import PHASES, phases_on


def home_of(graph: Graph, executed: Iterable[str]) -> dict[str, str]:
    """The executed node of each node of the network: itself, or else the first of those that read it, or that it reads.

    A node without any is left out.
    """
    known = set(executed)
    homes = {node.name: node.name for node in graph if node.name in known}
    behind: dict[str, str] = {}
    for name in known - homes.keys():
        if (owner := _owner(name, graph)) is not None:
            behind.setdefault(owner, name)
    for node in reversed(graph.nodes):
        if node.name not in homes:
            users = [homes[user.name] for user in graph.users[node.name] if user.name in homes]
            if node.name in behind or users:
                homes[node.name] = behind.get(node.name) or users[0]
    for node in graph:
        if node.name not in homes:
            read = [homes[ref.node] for ref in node.inputs if ref.node in homes]
            homes.update({node.name: read[0]} if read else {})
    return homes


def _owner(name: str, graph: Graph) -> str | None:
    """The node that a made name begins with: `conv` of `conv.weights`."""
    while "." in name:
        name = name.rpartition(".")[0]
        if name in graph:
            return name
    return None


def origins_of(graph: Graph, executed: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each executed node those of the network behind it, in their order; states are left out."""
    names = list(executed)
    found: dict[str, list[str]] = {name: [] for name in names}
    for node, home in home_of(graph, names).items():
        if not isinstance(graph[node].op, State):
            found[home].append(node)
    for name, nodes in found.items():
        if not nodes and (owner := _owner(name, graph)) is not None:
            nodes.append(owner)
    order = {node.name: i for i, node in enumerate(graph)}
    return {name: tuple(sorted(nodes, key=order.__getitem__)) for name, nodes in found.items()}


def phases_of_graph(graph: Graph) -> dict[str, Phase]:
    """The phase of each node, by what it is: forward, backward, or the update of a state."""
    forward, backward = forward_nodes(graph), backward_nodes(graph)
    found = {}
    for node in graph:
        updates = node.name.partition(".")[0] == UPDATE
        late = node.name in backward or node.name not in forward
        found[node.name] = Phase.UPDATE if updates else Phase.BACKWARD if late and backward else Phase.FORWARD
    return found


@dataclass(frozen=True)
class Executed:
    """The network as a pipeline runs it."""

    graph: Graph
    plan: PipelinePlan

    @cached_property
    def origins(self) -> Mapping[str, tuple[str, ...]]:
        return origins_of(self.graph, self._names)

    @cached_property
    def device_of(self) -> Mapping[str, str]:
        """The device, or the one that stands for the team, of each node of the network."""
        executed = dict(self.plan.partition.device_of)
        if self.plan.update is not None:
            executed |= {name: device for device, names in self._late.items() for name in names if name not in executed}
        homes = home_of(self.graph, executed)
        return {name: executed[home] for name, home in homes.items()}

    @cached_property
    def nodes(self) -> Mapping[str, Mapping[Phase, tuple[str, ...]]]:
        """For each device, also each member of a team, and each phase the nodes of the network."""
        order = {node.name: i for i, node in enumerate(self.graph)}
        found: dict[str, Mapping[Phase, tuple[str, ...]]] = {}
        for device in self.plan.devices:
            stage = self.plan.schedule.stage_of[device]
            phases: dict[Phase, set[str]] = {}
            for number, steps in phases_on(self.plan.micro, stage).items():
                names = {name for step in steps for name in self.origins.get(getattr(step, "node", ""), ())}
                phases.setdefault(PHASES[number], set()).update(names)
            late = {name for node in self._late.get(stage, ()) for name in self.origins.get(node, ())}
            phases.update({Phase.UPDATE: late} if late else {})
            found[device] = {phase: tuple(sorted(names, key=order.__getitem__)) for phase, names in phases.items()}
        return found

    @cached_property
    def _names(self) -> list[str]:
        late = (name for names in self._late.values() for name in names)
        return list(dict.fromkeys([*(node.name for node in self.plan.partition.graph), *late]))

    @cached_property
    def _late(self) -> Mapping[str, list[str]]:
        """What each stage runs at the end of a step."""
        update = self.plan.update
        if update is None:
            return {}
        return {
            stage: [name for step in steps if (name := getattr(step, "node", ""))]
            for stage, steps in update.steps.items()
        }
