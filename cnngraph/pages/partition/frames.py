"""The model of a graph view for a division: what `graph_model` says, and the bytes of each edge behind its shape.

The page puts a frame around what each device runs, and writes the bytes on the arrows between them
(`assets/partition/frames.js`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import ceil
from typing import Any

from cnngraph.cost.model import value_bytes
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
        edge[3:] = [shape, value_bytes(source)[shapes.index(shape)]]
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
        }
        for id_, task in zip(ids, problem.tasks, strict=True)
    ]  # fmt: skip
    edges: list[list[object]] = []
    for value in problem.values:
        for reader in dict.fromkeys(value.readers):
            edges.append([value.source, reader, "flow", "", value.bytes])
    tree = [part for d in dict.fromkeys(on) for part in _parts([i for i in range(len(on)) if on[i] == d], ids)]
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


def _parts(places: Sequence[int], ids: Sequence[str]) -> list[Json]:
    """Too many operators of one device as several blocks of neighbours, which go by the first and the last."""
    if len(places) <= MANY:
        return [{"nodes": [place]} for place in places]
    count = ceil(len(places) / MANY)
    bounds = [len(places) * i // count for i in range(count + 1)]
    blocks = [places[a:b] for a, b in pairwise(bounds)]
    titles = [f"{ids[block[0]]} to {ids[block[-1]]}" for block in blocks]
    return [
        {"path": title, "title": title, "items": [{"nodes": [place]} for place in block]}
        for title, block in zip(titles, blocks, strict=True)
    ]
