"""Why the busiest device is as busy as it is, and what would help most, found by trying.

    busiest    gpu1: 1.63 ms, of which 956 us compute and 672 us communication
    layers     i3b 629 us, i3a 297 us
    values     maxpool[2] from gpu0 411 us, maxpool[3] to gpu2 261 us
    trials     links twice as fast: 1.63 ms -> 1.3 ms; one more device like gpu1: 1.63 ms -> 1.35 ms; ...

Each trial is a division of its own, made as the first one was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.partition.partition import Partition, Stage
from cnngraph.partition.split import split
from cnngraph.partition.strategy import Deadline

ADDED = ("gradient", "update", "again")  # first words of the paths of what training adds to a layer
WORTH = 0.005  # of the time is saved, or it does not help
FULL = 0.9  # of its memory is in use, or memory is not what binds
SHARED = 0.95  # of the time is in one block: its inner blocks say more
MOST = 4  # layers, and values, that are told


@dataclass(frozen=True)
class Question:
    """What is divided over what, and how: enough to ask again with one thing changed.

    fields: graph_of      the bound graph for a batch, and whether layers are run again to save memory
            how           further arguments of `split`
            measured_of   measured seconds of a graph, with their device (`Measured`), where there are any
    """

    graph_of: Callable[[int, bool], Graph]
    cluster: Cluster
    batch: int = 1
    recompute: bool = False
    gradient: bool = False
    how: Mapping[str, Any] = field(default_factory=dict)
    measured_of: Callable[[Graph], Mapping[str, float] | None] = lambda graph: None

    def graph(self) -> Graph:
        return self.graph_of(self.batch, self.recompute)

    def answer(self) -> Partition:
        """Errors: those of `split`."""
        graph = self.graph()
        return split(graph, self.cluster, measured=self.measured_of(graph), **self.how)


@dataclass(frozen=True)
class Trial:
    """One change, and what it makes of the goal. None: it is not possible."""

    change: str
    value: float | None
    note: str = ""


@dataclass(frozen=True)
class Share:
    """Seconds of a part of the busiest device's work, and their share of its load."""

    what: str
    seconds: float
    share: float


@dataclass(frozen=True)
class Explanation:
    """The busiest device, what it is busy with, and the trials, the best first."""

    partition: Partition
    stage: Stage
    samples: int
    layers: tuple[Share, ...]
    values: tuple[Share, ...]
    trials: tuple[Trial, ...]

    @property
    def value(self) -> float:
        """The goal as it is now."""
        return value_of(self.partition, self.samples)

    @property
    def helpful(self) -> tuple[Trial, ...]:
        return tuple(t for t in self.trials if t.value is not None and t.value < self.value * (1 - WORTH))


def value_of(partition: Partition, samples: int) -> float:
    """What is to be small: of throughput for one sample, so that batches compare."""
    return partition.goal / samples if partition.objective == "throughput" else partition.goal


def explain(question: Question, partition: Partition, seconds: float = 30.0) -> Explanation:
    """Why `partition`, the answer to the question, is no better. It ends soon after so many seconds."""
    deadline = Deadline(seconds)
    stage = max(partition.stages, key=_fullness if partition.objective == "memory" else _load)
    trials = [tried(change, asked, deadline) for change, asked in changes(question, partition, stage)]
    trials.sort(key=lambda trial: (trial.value is None, trial.value))
    return Explanation(partition, stage, question.batch, layers(stage), values(partition, stage), tuple(trials))


def _load(stage: Stage) -> float:
    return stage.load_seconds


def _fullness(stage: Stage) -> float:
    return stage.peak_bytes / stage.device.memory_bytes


def tried(change: str, question: Question, deadline: Deadline) -> Trial:
    if deadline.over:
        return Trial(change, None, "the time was over")
    how = dict(question.how)
    if how.get("time_limit_seconds") is not None:
        how["time_limit_seconds"] = min(how["time_limit_seconds"], deadline.left)
    try:
        found = replace(question, how=how).answer()
    except CnnGraphError as wrong:
        return Trial(change, None, wrong.diagnostics[0].message)
    return Trial(change, value_of(found, question.batch))


def changes(question: Question, partition: Partition, stage: Stage) -> Iterator[tuple[str, Question]]:
    """What could be had: other machines, another batch, another way to divide."""
    cluster, how, device = question.cluster, question.how, stage.device
    yield f"one more device like {device.name}", replace(question, cluster=with_another(cluster, device))
    timed = partition.objective != "memory"
    if timed:
        yield f"{device.name} twice as fast", replace(question, cluster=with_faster(cluster, (device.name,)))
        yield "all devices twice as fast", replace(question, cluster=with_faster(cluster, cluster.names))
    if timed and partition.cuts:
        yield "links twice as fast", replace(question, cluster=with_faster_links(cluster))
    if not timed or max(map(_fullness, partition.stages)) > FULL:
        roomy = tuple(replace(each, memory_bytes=2 * each.memory_bytes) for each in cluster.devices)
        yield "twice the memory", replace(question, cluster=replace(cluster, devices=roomy))
        if question.gradient and not question.recompute:
            yield "layers run again for their gradients (--recompute)", replace(question, recompute=True)
    if partition.objective == "throughput":
        yield f"a batch of {2 * question.batch}", replace(question, batch=2 * question.batch)
    if question.batch > 1 and partition.objective != "latency":
        yield f"a batch of {question.batch // 2}", replace(question, batch=question.batch // 2)
    if partition.contiguous and len(partition.cluster.devices) > 1:
        yield "any split (--any-split)", replace(question, how={**how, "contiguous": False})
    if not how.get("replicate") and partition.objective == "throughput" and len(partition.cluster.devices) > 1:
        yield "devices that share a stage (--replicate)", replace(question, how={**how, "replicate": True})


def with_another(cluster: Cluster, device: Device) -> Cluster:
    """A twin at the end of the cluster, with links like those of the device."""
    name = f"{device.name}b"
    while name in cluster.names:
        name += "b"
    twins = [replace(k, source=name) for k in cluster.links if k.source == device.name]
    twins += [replace(k, target=name) for k in cluster.links if k.target == device.name]
    return replace(cluster, devices=(*cluster.devices, replace(device, name=name)), links=(*cluster.links, *twins))


def with_faster(cluster: Cluster, names: tuple[str, ...]) -> Cluster:
    """The named devices with twice the arithmetic and twice the bandwidth of their memory."""
    devices = tuple(twice_as_fast(device) if device.name in names else device for device in cluster.devices)
    return replace(cluster, devices=devices)


def twice_as_fast(device: Device) -> Device:
    return replace(
        device,
        flops_per_second=2 * device.flops_per_second,
        bytes_per_second=2 * device.bytes_per_second,
        flops_by_kind={kind: 2 * rate for kind, rate in device.flops_by_kind.items()},
        launch_seconds=device.launch_seconds / 2,
    )


def with_faster_links(cluster: Cluster) -> Cluster:
    """Each link with twice the bandwidth and half the latency."""

    def faster(link: Link) -> Link:
        return replace(link, bytes_per_second=2 * link.bytes_per_second, latency_seconds=link.latency_seconds / 2)

    return replace(cluster, links=tuple(map(faster, cluster.links)), default_link=faster(cluster.default_link))


def layers(stage: Stage) -> tuple[Share, ...]:
    """What takes the time of a device: its largest blocks, deeper where one has nearly all of it."""
    taken = {name: s for name, s in zip(stage.nodes, stage.node_seconds, strict=True) if s}
    paths = {name: _layer(name) for name in taken}
    deepest = max((len(path) for path in paths.values()), default=1)
    total = sum(taken.values())
    found: dict[str, float] = {}
    for depth in range(1, deepest + 1):
        found = {}
        for name, seconds in taken.items():
            block = ".".join(paths[name][:depth])
            found[block] = found.get(block, 0.0) + seconds
        if max(found.values(), default=0.0) < SHARED * total:
            break
    team = max(len(stage.team), 1)
    return _largest({name: seconds / team for name, seconds in found.items()}, stage.load_seconds)


def _layer(name: str) -> list[str]:
    words = name.split(".")
    return words[1:] if words[0] in ADDED and len(words) > 1 else words


def values(partition: Partition, stage: Stage) -> tuple[Share, ...]:
    """The values that a device sends and receives, with what each of them takes."""
    device, cluster, found = stage.device.name, partition.cluster, {}
    team = max(len(stage.team), 1)
    for cut in partition.cuts:
        if cut.source == device:
            seconds = max(cluster.link(device, target).seconds(cut.bytes) for target in cut.targets)
            found[f"{cut.value} to {', '.join(cut.targets)}"] = seconds / team
        elif device in cut.targets:
            found[f"{cut.value} from {cut.source}"] = cluster.link(cut.source, device).seconds(cut.bytes) / team
    if stage.exchange_seconds:
        found[f"gradients among {' and '.join(stage.team)}"] = stage.exchange_seconds
    return _largest(found, stage.load_seconds)


def _largest(seconds: Mapping[str, float], whole: float) -> tuple[Share, ...]:
    first = sorted(seconds.items(), key=lambda pair: -pair[1])[:MOST]
    return tuple(Share(what, taken, taken / whole if whole else 0.0) for what, taken in first)
