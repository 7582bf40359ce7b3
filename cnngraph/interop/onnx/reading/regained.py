"""Names that nodes lost to others which a rule has taken away since: `cut_2` becomes `cut` where no `cut` is left."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from cnngraph.interop.imported import Imported
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.verify import verify


def regained(found: Imported) -> Imported:
    """The network with each name as short as it can be; the same object where all are."""
    names = _names(found.graph)
    if not names:
        return found
    states = {names.get(name, name): array for name, array in found.states.items()}
    return replace(found, graph=_renamed(found.graph, names), states=states)


def _names(graph: Graph) -> dict[str, str]:
    """The new names of nodes that were given a number for a name that is free now; their states go with them."""
    taken = {node.name for node in graph}
    found: dict[str, str] = {}
    for node in graph:
        base = re.fullmatch(r"(.+)_\d+", node.name)
        if base and base[1] not in taken:
            found[node.name] = base[1]
            taken.add(base[1])
    for state in graph.states:
        owner, _, word = state.name.rpartition(".")
        if owner in found and f"{found[owner]}.{word}" not in taken:
            found[state.name] = f"{found[owner]}.{word}"
    return found


def _renamed(graph: Graph, names: Mapping[str, str]) -> Graph:
    def now(ref: Ref) -> Ref:
        return replace(ref, node=names.get(ref.node, ref.node))

    nodes = tuple(
        replace(
            node,
            name=names.get(node.name, node.name),
            inputs=tuple(map(now, node.inputs)),
            colocated=None if node.colocated is None else names.get(node.colocated, node.colocated),
        )
        for node in graph
    )
    return verify(replace(graph, nodes=nodes, outputs={name: now(ref) for name, ref in graph.outputs.items()}))
