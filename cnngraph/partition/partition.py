"""A graph divided over devices: stages, the values cut between them, and how good the division is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cnngraph.cost.liveness import Liveness
from cnngraph.cost.model import require_bound, total_value_bytes, value_bytes
from cnngraph.cost.quantity import bytes_text, seconds_text
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import State
from cnngraph.partition.device import Cluster, Device
from cnngraph.partition.faults import faults
from cnngraph.partition.groups import forward_nodes
from cnngraph.partition.parts import part_of
from cnngraph.partition.problem import Objective, exchange_seconds, longest_path
from cnngraph.partition.work import work_seconds

GOALS: Mapping[Objective, str] = {"throughput": "busiest device", "latency": "one run", "memory": "fullest device"}
HOST = Device("host", memory_bytes=2**62)


@dataclass(frozen=True)
class Cut:
    """A value that is made on one device and read on others. It is sent once to each of them."""

    value: Ref
    source: str
    targets: tuple[str, ...]
    bytes: int


@dataclass(frozen=True)
class Stage:
    """What one device, or each member of a team, does: its nodes in the order of the graph, and what each of them and
    all together take.

    A member of a team of r computes and sends for 1/r of the samples, and then exchanges gradients with the others.
    """

    device: Device
    nodes: tuple[str, ...]
    compute_seconds: float
    communication_seconds: float
    state_bytes: int
    peak_bytes: int
    team: tuple[str, ...] = ()
    exchange_seconds: float = 0.0
    node_seconds: tuple[float, ...] = ()

    @property
    def load_seconds(self) -> float:
        return self.compute_seconds + self.communication_seconds + self.exchange_seconds

    @property
    def label(self) -> str:
        """The name of the device, or the names of the team."""
        return " + ".join(self.team) or self.device.name


@dataclass(frozen=True)
class Partition:
    """A bound graph with a device for each node.

    load(stage) = compute + communication + exchange: the nodes' seconds; one sending for each cut value that it makes
    (the slowest link of those it takes), one receiving for each cut value that it reads; what a team's gradients take.
    `lower_bound_seconds` holds for every partition over these devices, for the reason that `proof` says. `stages`
    are those of the devices that have nodes. `teams` are devices that share one stage, each for samples of its own; the
    first is the one that `device_of` names. `goal` is what the objective made small: the load of the busiest
    device (throughput), seconds of one run (latency), or how full the fullest device is (memory; 1 is full); the lower
    bound is one of that. `remarks` say what may surprise.
    """

    graph: Graph
    cluster: Cluster
    stages: tuple[Stage, ...]
    device_of: Mapping[str, str]
    cuts: tuple[Cut, ...]
    lower_bound_seconds: float
    proof: str = ""
    strategy: str = ""
    objective: Objective = "throughput"
    contiguous: bool = True
    teams: tuple[tuple[str, ...], ...] = ()
    value: float = 0.0  # the goal of another objective than throughput
    remarks: tuple[str, ...] = ()

    @property
    def bottleneck_seconds(self) -> float:
        """The load of the busiest device."""
        return max(stage.load_seconds for stage in self.stages)

    @property
    def gap(self) -> float:
        """How far the goal lies above its lower bound, as a fraction of it: at most so much could be gained."""
        above = self.goal - self.lower_bound_seconds
        return max(above, 0.0) / self.lower_bound_seconds if self.lower_bound_seconds else 0.0

    @property
    def goal(self) -> float:
        return self.bottleneck_seconds if self.objective == "throughput" else self.value

    def goal_text(self, value: float) -> str:
        """A value of the objective for people."""
        return f"{value:.1%} of the memory" if self.objective == "memory" else seconds_text(value)

    @property
    def depth(self) -> int:
        """How many stages a sample passes forward, one after the other; 0 where they wait for each other in a ring."""
        forward = forward_nodes(self.graph)
        after: dict[str, set[str]] = {stage.device.name: set() for stage in self.stages}
        for cut in self.cuts:
            readers = (user.name for user in self.graph.users[cut.value.node] if cut.value in user.inputs)
            if cut.value.node in forward:
                after[cut.source].update(self.device_of[name] for name in readers if name in forward)
        return longest_path({source: targets - {source} for source, targets in after.items()})

    def stage(self, device: str) -> Stage:
        return next(stage for stage in self.stages if stage.device.name == device)

    @cached_property
    def seconds_of(self) -> Mapping[str, float]:
        """What each node takes on its device."""
        pairs = (zip(stage.nodes, stage.node_seconds, strict=True) for stage in self.stages)
        return {name: seconds for each in pairs for name, seconds in each}

    def subgraph(self, device: str) -> Graph:
        """What the device runs, as a graph of its own; what it receives are inputs, what it sends are outputs."""
        return part_of(self.graph, self.device_of, device)

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [("device", "nodes", "compute", "transfer", "load", "states", "peak")]
        for s in self.stages:
            times = [seconds_text(t) for t in (s.compute_seconds, s.communication_seconds, s.load_seconds)]
            sizes = [bytes_text(s.state_bytes), bytes_text(s.peak_bytes)]
            rows.append((s.label, str(len(s.nodes)), *times, *sizes))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        sent = sum(cut.bytes * len(cut.targets) for cut in self.cuts)
        lines.append(f"{len(self.cuts)} values cross, {bytes_text(sent)}")
        lines.append(
            f"{GOALS[self.objective]} {self.goal_text(self.goal)}, "
            f"lower bound {self.goal_text(self.lower_bound_seconds)}, gap {self.gap:.1%}"
        )
        lines += self.remarks
        return "\n".join(lines)


def assign(
    graph: Graph,
    cluster: Cluster,
    device_of: Mapping[str, str],
    lower_bound_seconds: float = 0.0,
    measured: Mapping[str, float] | None = None,
    teams: tuple[tuple[str, ...], ...] = (),
    **about: Any,
) -> Partition:
    """The partition with these devices, assessed and verified. `about`: other fields of the partition."""
    return verify(assess(graph, cluster, device_of, lower_bound_seconds, measured, teams, **about))


def assess(
    graph: Graph,
    cluster: Cluster,
    device_of: Mapping[str, str],
    lower_bound_seconds: float = 0.0,
    measured: Mapping[str, float] | None = None,
    teams: tuple[tuple[str, ...], ...] = (),
    **about: Any,
) -> Partition:
    """What the devices and the values between them take, whether or not the partition is lawful."""
    cuts = _cuts(graph, device_of)
    liveness = Liveness(graph)
    work = work_seconds(graph, cluster, measured)
    members: dict[str, list[int]] = {name: [] for name in cluster.names}
    for i, node in enumerate(graph):
        members[device_of[node.name]].append(i)
    states = {node.name for node in graph.states}
    team_of = {team[0]: team for team in teams}
    averaged = averaged_bytes(graph) if teams else {}
    stages = []
    for d, device in enumerate(cluster.devices):
        if not (places := members[device.name]):
            continue
        names = tuple(graph.nodes[i].name for i in places)
        team = team_of.get(device.name, ())
        share = max(len(team), 1)
        stages.append(
            Stage(
                device,
                names,
                float(work[d, places].sum()) / share,
                communication_seconds(cuts, cluster, device.name) / share,
                total_value_bytes(graph[name] for name in names if name in states),
                liveness.peak_bytes(liveness.members(names)),
                team,
                team_exchange_seconds(team, cluster, sum(averaged.get(name, 0) for name in names)),
                tuple(work[d, places].tolist()),
            )
        )
    return Partition(graph, cluster, tuple(stages), dict(device_of), cuts, lower_bound_seconds, teams=teams, **about)


def single(graph: Graph) -> Partition:
    """Everything on one device of this process; placements of the file say where, not what, and are not asked."""
    cluster = Cluster((HOST,))
    total = float(work_seconds(require_bound(graph), cluster).sum())
    return assign(graph, cluster, {node.name: HOST.name for node in graph}, total, contiguous=False)


def communication_seconds(cuts: tuple[Cut, ...], cluster: Cluster, device: str) -> float:
    """Seconds that a device sends and receives."""
    total = 0.0
    for cut in cuts:
        if cut.source == device:
            total += max(cluster.link(device, target).seconds(cut.bytes) for target in cut.targets)
        elif device in cut.targets:
            total += cluster.link(cut.source, device).seconds(cut.bytes)
    return total


def team_exchange_seconds(team: Sequence[str], cluster: Cluster, count: int) -> float:
    """Seconds in which a team averages so many bytes of gradients, over its slowest link."""
    links = [cluster.link(a, b) for a in team for b in team if a != b]
    if not links:
        return 0.0
    latency, rate = max(k.latency_seconds for k in links), min(k.bytes_per_second for k in links)
    return exchange_seconds(count, len(team), latency, 1 / rate)


def averaged_bytes(graph: Graph) -> dict[str, int]:
    """The states whose gradients a team averages after each run, and the bytes of these gradients."""
    return {
        node.name: sum(value_bytes(node))
        for node in graph.states
        if isinstance(node.op, State) and node.op.trainable and node.name in graph.updates
    }


def _cuts(graph: Graph, device_of: Mapping[str, str]) -> tuple[Cut, ...]:
    targets: dict[Ref, dict[str, None]] = {}
    for node in graph:
        for ref in node.inputs:
            if device_of[node.name] != device_of[ref.node]:
                targets.setdefault(ref, {})[device_of[node.name]] = None
    return tuple(
        Cut(ref, device_of[ref.node], tuple(found), value_bytes(graph[ref.node])[ref.index])
        for ref, found in targets.items()
    )


def verify(partition: Partition) -> Partition:
    """The partition itself; a broken promise here is a fault of ours."""
    fault = next(faults(partition), None)
    assert fault is None, fault
    return partition
