"""Reads a published workload: a JSON file of operators with measured times, as a problem of numbers only.

    maxFPGAs  maxCPUs  maxSizePerFPGA      accelerators, CPUs, and the bytes that each accelerator has
    nodes     id, fpgaLatency, cpuLatency, supportedOnFpga, size, isBackwardNode; optional: name, colorClass
    edges     sourceId, destId, cost       cost: the time to move the output of the source, one for each source

What the numbers mean:
  * Times keep the unit of the file; where this package says seconds, read that unit.
  * Nodes of one colour share a device and are one group; a node without colour is a group of its own.
  * An accelerator pays the cost of a value once if it sends it, whoever reads it, and once for each value that it
    receives. A CPU pays nothing: the data is in its memory. So a value has `cost` bytes, at one second a byte.
  * The sizes of its nodes, forward and backward, are the memory of an accelerator; a CPU has enough.
  * Contiguous concerns the forward part: stages may not wait for each other in a ring over edges between forward
    nodes. Backward nodes follow their colour. One whose colour has no forward node stands in the forward order as a
    mirror image: what reads its value comes before it. Colours that then wait for each other become one group.
  * For the latency an accelerator runs its subgraph in one piece; CPUs run each node as soon as they can, any number
    at a time.
  * Accelerators come first in the order of devices, then the CPUs.
source: Tarnawski, Phanishayee, Devanur, Mahajan, Nina Paravecino: Efficient algorithms for device placement of DNN
graph operators, NeurIPS 2020, section 3, and the input format of the program published with it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.partition.groups import depth_first, strongly_connected
from cnngraph.partition.problem import Objective, Problem, SummedMemory, Value

NODE_NUMBERS = ("fpgaLatency", "cpuLatency", "size")
MOST_DEVICES = 1024
MOST_MISTAKES = 20  # shown of one file


@dataclass(frozen=True)
class Operator:
    """A node of the file. `colour` is its own id, in a tuple, where the file gives none."""

    id: int
    name: str
    accelerator_seconds: float  # infinite where it cannot run there
    cpu_seconds: float
    bytes: float
    backward: bool
    colour: int | tuple[int]


@dataclass(frozen=True)
class Workload:
    """The file as it is, checked: edges join known nodes, without a cycle, and each source has one cost."""

    title: str
    accelerators: int
    cpus: int
    memory_bytes: float
    operators: tuple[Operator, ...]
    edges: tuple[tuple[int, int], ...]  # ids
    cost_of: Mapping[int, float]


def load_workload(path: str | Path, objective: Objective = "throughput", contiguous: bool = True) -> Problem:
    """The problem of a JSON file. Errors: E0701, one diagnostic for each thing that is wrong."""
    return posed(read_workload(path), objective, contiguous)


def read_workload(path: str | Path) -> Workload:
    """The workload of a JSON file. Errors: E0701, one diagnostic for each thing that is wrong."""
    try:
        table = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as reason:
        raise error("E0701", f"the workload {path} cannot be read: {reason.strerror or reason}") from reason
    except (ValueError, RecursionError) as reason:
        raise error("E0701", f"the workload {path} is not JSON: {reason}") from reason
    return _Reader(Path(path).stem).workload(table)


def posed(workload: Workload, objective: Objective = "throughput", contiguous: bool = True) -> Problem:
    """The problem of dividing a workload over the devices that it names."""
    operators = {operator.id: operator for operator in workload.operators}
    order = _order(workload)
    group_of = {id_: g for g, members in enumerate(_groups(workload)) for id_ in members}
    task_of = {id_: t for t, id_ in enumerate(order)}
    readers: dict[int, list[int]] = {}
    for source, target in workload.edges:
        readers.setdefault(source, []).append(task_of[target])
    groups = np.array([group_of[id_] for id_ in order], np.int64)
    size_of = np.zeros(max(group_of.values()) + 1)
    np.add.at(size_of, groups, [operators[id_].bytes for id_ in order])
    first_of = {group_of[id_]: operators[id_].name for id_ in reversed(order)}
    accelerators, cpus = workload.accelerators, workload.cpus
    fast = [operators[id_].accelerator_seconds for id_ in order]
    slow = [operators[id_].cpu_seconds for id_ in order]
    pays = np.zeros((accelerators + cpus, accelerators + cpus))
    pays[:accelerators] = 1.0
    np.fill_diagonal(pays, 0.0)
    names = [*(f"accelerator{i + 1}" for i in range(accelerators)), *(f"cpu{i + 1}" for i in range(cpus))]
    return Problem(
        title=workload.title,
        devices=tuple(names),
        tasks=tuple(operators[id_].name for id_ in order),
        groups=tuple(first_of[g] for g in range(len(size_of))),
        group_of=groups,
        task_seconds=np.array([fast] * accelerators + [slow] * cpus),
        values=tuple(Value(task_of[id_], tuple(found), workload.cost_of[id_]) for id_, found in readers.items()),
        before=frozenset((group_of[a], group_of[b]) for a, b in _forward(workload) if group_of[a] != group_of[b]),
        pay_seconds=np.zeros_like(pays),
        pay_seconds_per_byte=pays,
        memory=SummedMemory(size_of),
        limits_bytes=np.array([workload.memory_bytes] * accelerators + [math.inf] * cpus),
        pins=np.full(len(size_of), -1, np.int64),
        contiguous=contiguous,
        objective=objective,
        in_one_piece=frozenset(range(accelerators) if objective == "latency" else ()),
    )


def _forward(workload: Workload) -> list[tuple[int, int]]:
    """The edges that stages have to follow: the forward ones, and mirrored those of colours that are all backward."""
    operators = {operator.id: operator for operator in workload.operators}
    with_forward = {operator.colour for operator in workload.operators if not operator.backward}
    found = []
    for source, target in workload.edges:
        a, b = operators[source], operators[target]
        if not a.backward and not b.backward:
            found.append((source, target))
        elif a.backward and b.backward and not {a.colour, b.colour} <= with_forward:
            found.append((target, source))
    return found


def _groups(workload: Workload) -> list[list[int]]:
    """Ids of the nodes of each group, in a depth-first topological order of the forward part."""
    colour_of = {operator.id: operator.colour for operator in workload.operators}
    members: dict[int | tuple[int], list[int]] = {}
    for id_, colour in colour_of.items():
        members.setdefault(colour, []).append(id_)
    name_of = {colour: str(g) for g, colour in enumerate(members)}
    after: dict[str, list[str]] = {}
    for source, target in _forward(workload):
        a, b = name_of[colour_of[source]], name_of[colour_of[target]]
        if a != b:
            after.setdefault(a, []).append(b)
    ids_of = {name_of[colour]: ids for colour, ids in members.items()}
    joined = {name: ring[0] for ring in strongly_connected(tuple(ids_of), after) for name in ring}
    merged: dict[str, list[int]] = {}
    for name, ids in ids_of.items():
        merged.setdefault(joined[name], []).extend(ids)
    between: dict[str, dict[str, None]] = {}
    for name, users in after.items():
        for user in users:
            if joined[name] != joined[user]:
                between.setdefault(joined[name], {})[joined[user]] = None
    return [merged[name] for name in depth_first(tuple(merged), between)]


def _order(workload: Workload) -> list[int]:
    """Ids in a depth-first topological order of all edges; fewer than there are nodes where edges form a cycle."""
    after: dict[str, dict[str, None]] = {}
    for source, target in workload.edges:
        after.setdefault(str(source), {})[str(target)] = None
    return [int(name) for name in depth_first([str(operator.id) for operator in workload.operators], after)]


class _Reader:
    """Collects what is wrong and goes on with stand-ins, so that one run finds everything."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.found: list[Diagnostic] = []

    def workload(self, table: Any) -> Workload:
        if not isinstance(table, dict):
            self.wrong("the file must be a table", 'write {"maxFPGAs": 6, "maxCPUs": 1, ..., "nodes": [...]}')
            raise CnnGraphError(self.found)
        accelerators, cpus = (self.whole(table, key, "the file") for key in ("maxFPGAs", "maxCPUs"))
        if not 1 <= accelerators + cpus <= MOST_DEVICES and not self.found:
            self.wrong(f"there are {accelerators + cpus} devices", f"make maxFPGAs + maxCPUs 1 to {MOST_DEVICES}")
        memory = self.number(table, "maxSizePerFPGA", "the file")
        operators = tuple(self.operator(t, f"node {i + 1}") for i, t in enumerate(self.tables(table, "nodes")))
        if not operators and not self.found:
            self.wrong("there is no node", "add nodes with id, fpgaLatency, cpuLatency, ...")
        ids = [operator.id for operator in operators]
        for id_ in dict.fromkeys(_repeated(ids)):
            self.wrong(f"the id {id_} is given twice", "give each node an id of its own")
        edges, cost_of = self.edges(table, {operator.id: operator for operator in operators})
        found = Workload(self.title, accelerators, cpus, memory, operators, edges, cost_of)
        if not self.found:
            self.acyclic(found)
        if self.found:
            more = len(self.found) - MOST_MISTAKES
            rest = [Diagnostic("E0701", f"{self.title}: and {more} more mistakes")] * (more > 0)
            raise CnnGraphError([*self.found[:MOST_MISTAKES], *rest])
        return found

    def operator(self, table: Mapping[str, Any], where: str) -> Operator:
        id_ = self.whole(table, "id", where)
        fast, slow, size = (self.number(table, key, where, 0.0 if key == "size" else None) for key in NODE_NUMBERS)
        able, backward = (self.flag(table, key, where) for key in ("supportedOnFpga", "isBackwardNode"))
        colour = self.whole(table, "colorClass", where) if "colorClass" in table else (id_,)
        name = str(table.get("name", f"node{id_}"))
        return Operator(id_, name, fast if able else math.inf, slow, size, backward, colour)

    def edges(
        self, table: Mapping[str, Any], operators: Mapping[int, Operator]
    ) -> tuple[tuple[tuple[int, int], ...], dict[int, float]]:
        found: list[tuple[int, int]] = []
        cost_of: dict[int, float] = {}
        for i, row in enumerate(self.tables(table, "edges")):
            where, before = f"edge {i + 1}", len(self.found)
            source, target = (self.whole(row, key, where) for key in ("sourceId", "destId"))
            cost = self.number(row, "cost", where)
            if len(self.found) > before:
                continue
            if unknown := [id_ for id_ in (source, target) if id_ not in operators]:
                self.wrong(f"{where} names the node {unknown[0]}, which does not exist", "add it, or drop the edge")
                continue
            if abs(cost_of.setdefault(source, cost) - cost) > 1e-6:
                text = f"{where} says that the output of node {source} costs {cost:g}, another says {cost_of[source]:g}"
                self.wrong(text, "all edges of one source carry the same value, so give them the same cost")
            if operators[source].backward and not operators[target].backward:
                self.wrong(f"{where} goes from a backward node to a forward one", "the forward part runs first")
            found.append((source, target))
        return tuple(found), cost_of

    def acyclic(self, workload: Workload) -> None:
        after: dict[str, list[str]] = {}
        for source, target in workload.edges:
            after.setdefault(str(source), []).append(str(target))
        rings = [ring for ring in strongly_connected([str(o.id) for o in workload.operators], after) if len(ring) > 1]
        rings += [[name] for name, users in after.items() if name in users]
        for ring in rings:
            self.wrong(f"the nodes {', '.join(ring[:5])} wait for each other", "remove an edge of the cycle")

    def tables(self, table: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
        value = table.get(key)
        if isinstance(value, list) and all(isinstance(row, dict) for row in value):
            return value
        self.wrong(f"`{key}` must be a list of tables", f'write "{key}": [{{...}}, ...]')
        return ()

    def number(self, table: Mapping[str, Any], key: str, where: str, default: float | None = None) -> float:
        value = table.get(key, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e300:
            return float(value)
        self.amiss(table, key, where, "a number, 0 or above")
        return 0.0

    def whole(self, table: Mapping[str, Any], key: str, where: str) -> int:
        value = table.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and (value >= 0 or key == "colorClass"):
            return value
        self.amiss(table, key, where, "a whole number")
        return 0

    def flag(self, table: Mapping[str, Any], key: str, where: str) -> bool:
        value = table.get(key)
        if isinstance(value, bool | int) and value in (0, 1):
            return bool(value)
        self.amiss(table, key, where, "true or false")
        return False

    def amiss(self, table: Mapping[str, Any], key: str, where: str, wanted: str) -> None:
        if key in table:
            self.wrong(f"{where}: {key} = {table[key]!r:.60}", f"{key} is {wanted}")
        else:
            self.wrong(f"{where} lacks `{key}`", f"add {key}: {wanted}")

    def wrong(self, message: str, help_: str) -> None:
        self.found.append(Diagnostic("E0701", f"{self.title}: {message}", helps=(help_,)))


def _repeated(ids: Sequence[int]) -> list[int]:
    seen: set[int] = set()
    return [id_ for id_ in ids if id_ in seen or seen.add(id_)]  # type: ignore[func-returns-value]
