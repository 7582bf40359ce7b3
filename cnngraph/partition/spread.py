"""What was measured on the nodes that are executed, as seconds of the nodes of a file.

    file        conv -> batchnorm -> relu        executed    relu = fused(conv, relu), its weights folded: 9 ms
    seconds     6 ms    1 ms         2 ms        in proportion to what each would take by the cost model

A node that is not executed under its own name counts to the first one behind it that is; one that is only executed
(a gathering of statistics, a joined product) counts to the first one behind it that the file has. The sum stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input, State


def spread(
    executed_seconds: Mapping[str, float], executed: Graph, graph: Graph, weight: Mapping[str, float]
) -> dict[str, float]:
    """Seconds of the nodes of `graph` that compute; `weight` says what each should take. `executed` is its lowering."""
    names = [node.name for node in graph if not isinstance(node.op, Input | State)]
    stands_for = _nearest(graph, {name for name in names if name in executed})
    belongs_to = _nearest(executed, {name for name in names if name in executed})
    members: dict[str, list[str]] = {}
    for name in names:
        members.setdefault(stands_for.get(name, ""), []).append(name)
    pots: dict[str, float] = {}
    for name, seconds in executed_seconds.items():
        owner = belongs_to.get(name, "")
        pots[owner] = pots.get(owner, 0.0) + seconds
    found = dict.fromkeys(names, 0.0)
    for owner, seconds in pots.items():
        sharing = members.get(owner) or names  # what belongs to nothing in particular is everyone's
        total = sum(weight[name] for name in sharing)
        for name in sharing:
            found[name] += seconds * (weight[name] / total if total else 1 / len(sharing))
    return found


def _nearest(graph: Graph, known: Collection[str]) -> dict[str, str]:
    """For each node that computes: itself if it is known, else the known one that is next behind it, else before it."""
    found: dict[str, str] = {}
    place = {node.name: i for i, node in enumerate(graph)}
    for node in reversed(graph.nodes):
        behind = [found[user.name] for user in graph.users[node.name] if user.name in found]
        if node.name in known:
            found[node.name] = node.name
        elif behind:
            found[node.name] = min(behind, key=place.__getitem__)
    for node in graph:
        before = [found[ref.node] for ref in node.inputs if ref.node in found]
        if node.name not in found and before:
            found[node.name] = before[-1]
    return {name: owner for name, owner in found.items() if not isinstance(graph[name].op, Input | State)}
