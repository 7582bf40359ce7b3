"""The model of a graph view for a division: what `graph_model` says, and the bytes of each arrow, as its fifth word.

The page puts a frame around what each device runs, and writes the bytes on the arrows between them
(`assets/partition/frames.js`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any

from cnngraph.cost.model import value_bytes
from cnngraph.cost.quantity import bytes_text
from cnngraph.pages.model import graph_model
from cnngraph.partition.partition import Partition
from cnngraph.partition.problem import Problem
from cnngraph.render.caption import shape_text

Json = dict[str, Any]
MANY = 40  # operators of a workload in one block


def divided_model(
    partition: Partition, facts: Mapping[str, Mapping[str, object]], kinds: Mapping[str, str]
) -> Json:
    """The model of a partition; nodes of different `kinds` are not folded into one."""
    graph = partition.graph
    model: Json = graph_model(graph, facts=facts, kinds=kinds)
    nodes = [graph[node["id"]] for node in model["nodes"]]
    for edge in model["edges"]:
        source = nodes[edge[0]]
        shapes = [shape_text(type_) for type_ in source.types]
        shape = edge[3] if len(edge) > 3 else shapes[0]
        edge[3:] = [shape, bytes_text(value_bytes(source)[shapes.index(shape)])]
    return model


def workload_model(
    problem: Problem, device_of: Sequence[int], facts: Mapping[str, Mapping[str, object]], backward: Iterable[str]
) -> Json:
    """The model of a workload, whose operators have names and times and nothing else; `backward` are names of some."""
    ids = unique(problem.tasks)
    on = [problem.devices[device_of[group]] for group in problem.group_of]
    late = set(backward)
    nodes = [
        {
            "id": id_, "op": "operator", "text": task, "family": "gradient" if task in late else "reshape", "shape": "",
            "bytes": 0, "backward": task in late, "facts": dict(facts[id_]),
        }  # fmt: skip
        for id_, task in zip(ids, problem.tasks, strict=True)
    ]
    edges: list[list[object]] = []
    for value in problem.values:
        for reader in dict.fromkeys(value.readers):
            edges.append([value.source, reader, "flow", "", f"{value.bytes:.6g}"])
    tree = _parts([{"nodes": [place]} for place in sorted(range(len(nodes)), key=lambda place: on[place])])
    return {
        "name": problem.title, "nodes": nodes, "edges": edges, "tree": tree, "inputs": [], "outputs": [], "files": [],
        "uses": [],
    }  # fmt: skip


def unique(names: Iterable[str]) -> list[str]:
    """The names, those that come again with a number.

    >>> unique(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _parts(items: list[Json]) -> list[Json]:
    """Too many operators as several blocks of neighbours."""
    if len(items) <= MANY:
        return items
    count = ceil(len(items) / MANY)
    bounds = [len(items) * i // count for i in range(count + 1)]
    return [
        {"path": f"part {i + 1} of {count}", "title": f"part {i + 1} of {count}", "items": items[a:b]}
        for i, (a, b) in enumerate(zip(bounds, bounds[1:], strict=False))
    ]
