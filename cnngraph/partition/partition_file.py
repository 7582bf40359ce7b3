"""A partition as a JSON file, both ways: it can be kept, edited by hand, and read for the network that it divides.

    {"format": "cnngraph partition", "version": 1, "net": "lenet5", ...
     "stages": [{"device": "gpu0", "nodes": ["image", "c1.conv", ...], "load_seconds": ..., ...}, ...],
     "cuts": [{"value": "s2", "source": "gpu0", "targets": ["gpu1"], "bytes": ...}, ...]}

`partition.schema.json`, in this folder, says what each key means. Only `net`, `cluster`, `contiguous`, `objective`,
`teams` and the devices and nodes of `stages` are read back; all figures are worked out again for the graph, which may
have another batch. The bound and its proof are kept where the problem is the very same, whoever moved nodes since.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from math import inf
from pathlib import Path
from typing import Any, TypeVar, get_args

from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.ir.graph import Graph
from cnngraph.ir.notation import show
from cnngraph.partition.cluster_file import cluster_of
from cnngraph.partition.device import Cluster, Link
from cnngraph.partition.faults import faults
from cnngraph.partition.objective import objective_bound
from cnngraph.partition.partition import Partition, Stage, assess
from cnngraph.partition.pose import pose
from cnngraph.partition.problem import Answer, Objective, Problem
from cnngraph.partition.remarks import told
from cnngraph.spelling import did_you_mean

T = TypeVar("T")
FORMAT, VERSION = "cnngraph partition", 1
SHOWN = 3  # names of one kind in a message
MOST = 20  # mistakes of one file
LONGEST = 40
HELP = "`cnngraph partition net.cnn --devices 2 --format json` writes one"
WORDS: Mapping[type, str] = {
    str: "a text",
    bool: "true or false",
    float: "a number from 0 up",
    list: "a list",
    dict: "an object",
}


def write_partition(
    partition: Partition, sizes: Mapping[str, int] | None = None, measured: Mapping[str, float] | None = None
) -> str:
    """The partition as JSON. `sizes` are those that the graph was bound to; `measured` the seconds it was made with."""
    problem = _problem(partition, measured)
    found = {
        "format": FORMAT,
        "version": VERSION,
        "net": partition.graph.name,
        "sizes": dict(sizes or {}),
        "inputs": {node.name: show(node.type) for node in partition.graph.inputs},
        "cluster": cluster_table(partition.cluster),
        "objective": partition.objective,
        "contiguous": partition.contiguous,
        "strategy": partition.strategy,
        "bottleneck_seconds": partition.bottleneck_seconds,
        "goal": partition.goal,
        "lower_bound": partition.lower_bound_seconds,
        "gap": partition.gap,
        "proof": partition.proof,
        "remarks": list(partition.remarks),
        "problem": fingerprint(problem),
        "teams": [list(team) for team in partition.teams],
        "stages": [_stage(stage) for stage in partition.stages],
        "cuts": [
            {
                "value": str(cut.value),
                "type": show(partition.graph.type_of(cut.value)),
                "source": cut.source,
                "targets": list(cut.targets),
                "bytes": cut.bytes,
            }
            for cut in partition.cuts
        ],
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "device": stage.device.name,
        "compute_seconds": stage.compute_seconds,
        "communication_seconds": stage.communication_seconds,
        "exchange_seconds": stage.exchange_seconds,
        "load_seconds": stage.load_seconds,
        "state_bytes": stage.state_bytes,
        "peak_bytes": stage.peak_bytes,
        "memory_bytes": stage.device.memory_bytes,
        "nodes": list(stage.nodes),
        "node_seconds": list(stage.node_seconds),
    }


def cluster_table(cluster: Cluster) -> dict[str, Any]:
    """The cluster with the keys of a cluster file, in plain numbers."""
    devices = [asdict(device) | {"lacks": sorted(device.lacks)} for device in cluster.devices]
    return {
        "device": [{key: value for key, value in device.items() if value or key == "name"} for device in devices],
        "default_link": _link(cluster.default_link),
        "link": [{"source": link.source, "target": link.target} | _link(link) for link in cluster.links],
    }


def _link(link: Link) -> dict[str, float]:
    return {"bytes_per_second": link.bytes_per_second, "latency_seconds": link.latency_seconds}


def fingerprint(problem: Problem) -> str:
    """The same for the same question: work, values, links, limits and what is asked."""
    parts: list[object] = [problem.devices, problem.tasks, problem.groups, sorted(problem.before), problem.values]
    parts += [problem.contiguous, problem.objective, problem.replicate, problem.exchange_bytes]
    digest = sha256(repr(parts).encode())
    for array in (
        problem.group_of, problem.task_seconds, problem.pay_seconds, problem.pay_seconds_per_byte,
        problem.limits_bytes, problem.pins,
    ):  # fmt: skip
        digest.update(array.tobytes())
    return digest.hexdigest()


def _problem(partition: Partition, measured: Mapping[str, float] | None) -> Problem:
    asked = partition.objective, partition.contiguous, measured, bool(partition.teams)
    return pose(partition.graph, partition.cluster, *asked)


def load_partition(path: str | Path, graph: Graph, measured: Mapping[str, float] | None = None) -> Partition:
    """The partition of a file. Errors: E0604, one diagnostic for each thing that is wrong."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        why = getattr(reason, "strerror", None) or reason
        raise error("E0604", f"the partition {path} cannot be read: {why}") from reason
    return read_partition(text, graph, str(path), measured)


def kept_sizes(path: str | Path) -> dict[str, int]:
    """The sizes for which a kept partition was made; none where the file is not one, which `load_partition` tells."""
    try:
        table = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    sizes = table.get("sizes") if isinstance(table, dict) else None
    found = sizes.items() if isinstance(sizes, dict) else ()
    return {name: size for name, size in found if isinstance(size, int) and size > 0}


def read_partition(
    text: str, graph: Graph, name: str = "partition", measured: Mapping[str, float] | None = None
) -> Partition:
    """The partition that a JSON text describes, for a bound graph; `name` stands for the text in errors.

    errors: E0604, one diagnostic for each thing that is wrong; E0601 for its cluster.
    """
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as reason:
        raise error("E0604", f"{name} is not JSON: {reason}", HELP) from reason
    read = _Reader(name).read(table, graph)
    problem = pose(graph, read.cluster, read.objective, read.contiguous, measured, bool(read.teams))
    same = read.problem == fingerprint(problem)
    place = {name: d for d, name in enumerate(read.cluster.names)}
    teams = tuple(tuple(place[name] for name in team) for team in read.teams)
    answer = Answer(tuple(place[read.device_of[name]] for name in problem.groups), teams=teams)
    found = assess(
        graph, read.cluster, read.device_of,
        read.lower_bound if same else objective_bound(problem), measured, read.teams,
        proof=read.proof if same else "", strategy=read.strategy,
        objective=read.objective, contiguous=read.contiguous, **told(problem, answer),
    )  # fmt: skip
    if wrong := list(islice(faults(found), MOST)):
        raise CnnGraphError([Diagnostic("E0604", f"{name}: {fault}") for fault in wrong])
    return found


@dataclass(frozen=True)
class _Read:
    """What a file says; nodes and devices are known, and each node has one device."""

    cluster: Cluster
    device_of: Mapping[str, str]
    teams: tuple[tuple[str, ...], ...]
    objective: Objective
    contiguous: bool
    strategy: str
    problem: str
    lower_bound: float
    proof: str


class _Reader:
    """Collects what is wrong, so that one run finds all of it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: list[Diagnostic] = []

    def read(self, table: Any, graph: Graph) -> _Read:
        if not isinstance(table, dict) or table.get("format") != FORMAT:
            raise error("E0604", f'{self.name} is no partition: "format" must be "{FORMAT}"', HELP)
        if (version := table.get("version")) != VERSION:
            raise error("E0604", f"{self.name} has version {version!r}; this program reads version {VERSION}", HELP)
        if (net := self.value(table, "net", str, graph.name)) != graph.name:
            self.wrong(f"it divides the network {net}, not {graph.name}")
        cluster = cluster_of(self.value(table, "cluster", dict, {}), f"the cluster of {self.name}")
        objective: Any = self.value(table, "objective", str, "throughput")
        if objective not in get_args(Objective):
            self.wrong(f'"objective" is {objective!r}', did_you_mean(objective, get_args(Objective), "see the schema"))
        read = _Read(
            cluster, self.device_of(table, cluster, graph), self.teams(table, cluster), objective,
            self.value(table, "contiguous", bool, True), self.value(table, "strategy", str, ""),
            self.value(table, "problem", str, ""), self.value(table, "lower_bound", float, 0.0),
            self.value(table, "proof", str, ""),
        )  # fmt: skip
        if self.found:
            raise CnnGraphError(self.found[:MOST])
        return read

    def device_of(self, table: Mapping[str, Any], cluster: Cluster, graph: Graph) -> dict[str, str]:
        found: dict[str, str] = {}
        for i, stage in enumerate(self.value(table, "stages", list, [])):
            if not isinstance(stage, dict):
                self.wrong(f"stage {i + 1} is no object")
                continue
            device = self.known(self.value(stage, "device", str, ""), cluster.names, f"stage {i + 1} names the device")
            for node in self.names(stage.get("nodes"), f"the nodes of stage {i + 1}"):
                self.known(node, graph.by_name, f"stage {i + 1} has the node")
                if found.setdefault(node, device) != device:
                    self.wrong(f"the node {node} is on {found[node]} and on {device}")
        if lacking := [node.name for node in graph if node.name not in found]:
            more = f" and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else ""
            help_ = "add each to the nodes of a stage"
            if len(lacking) > SHOWN:
                help_ += "; a partition of a training step is not one of a forward run"
            self.wrong(f"no stage has {', '.join(lacking[:SHOWN])}{more}", help_)
        return found

    def teams(self, table: Mapping[str, Any], cluster: Cluster) -> tuple[tuple[str, ...], ...]:
        lists = self.value(table, "teams", list, [])
        found = tuple(tuple(self.names(team, f"team {i + 1}")) for i, team in enumerate(lists))
        for name in (name for team in found for name in team):
            self.known(name, cluster.names, "a team has the device")
        return tuple(team for team in found if team)

    def value(self, table: Mapping[str, Any], key: str, kind: type[T], default: T) -> T:
        value = table.get(key, default)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if isinstance(value, kind) and not (isinstance(value, float) and not 0 <= value < inf):
            return value
        self.wrong(f'"{key}" is {shortened(value)}, not {WORDS[kind]}')
        return default

    def names(self, value: Any, what: str) -> list[str]:
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return value
        self.wrong(f"{what} are no list of names")
        return []

    def known(self, name: str, names: Collection[str], what: str) -> str:
        if name not in names and len(self.found) < MOST:
            self.wrong(f"{what} {name}, which does not exist", did_you_mean(name, list(names), HELP))
        return name

    def wrong(self, message: str, *helps: str) -> None:
        self.found.append(Diagnostic("E0604", f"{self.name}: {message}", helps=helps))


def shortened(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
