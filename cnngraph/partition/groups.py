"""What must stay together on one device, and the order in which a chain of devices visits it.

A group holds
  * a node and everything `colocated` with it (its states, gradients and updates);
  * a state, all its readers (a shared weight ties its layers together) and what it becomes. A scalar state, such as
    a step counter, does not tie its readers: it is sent to them like any value;
  * an input and its first reader.
Groups that wait for each other in the forward part (layers unrolled over time with shared weights) become one.

    conv1   relu1   conv2            conv1 = {conv1, conv1.weight, gradient.conv1.weight, update of conv1.weight, ...}
      |-------|-------|              the order is a depth-first topological one, so that a branch stays in one piece
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input, State


@dataclass(frozen=True)
class Group:
    """Nodes that share a device, by name in the order of the graph; `pin` is the device that the file asks for."""

    nodes: tuple[str, ...]
    pin: str | None = None


def forward_nodes(graph: Graph) -> frozenset[str]:
    """Names of the nodes that are neither leaves, nor colocated with another, nor computed from such ones."""
    forward: set[str] = set()
    for node in graph:
        computed = [ref.node for ref in node.inputs if not isinstance(graph[ref.node].op, Input | State)]
        own = node.colocated is None and not isinstance(node.op, Input | State)
        if own and all(name in forward for name in computed):
            forward.add(node.name)
    return frozenset(forward)


def ordered_groups(graph: Graph) -> tuple[Group, ...]:
    """The groups of a graph in depth-first topological order of its forward part. Errors: E0602 for two pins in one."""
    together = _colocated(graph)
    together = _merge_cycles(graph, together)
    after = _edges(graph, together)
    members: dict[str, list[str]] = {}
    for node in graph:
        members.setdefault(together[node.name], []).append(node.name)
    return tuple(_group(graph, members[root]) for root in depth_first(tuple(members), after))


def _colocated(graph: Graph) -> dict[str, str]:
    """For each node the name of a node that stands for its group."""
    parent = {node.name: node.name for node in graph}

    def find(name: str) -> str:
        while parent[name] != name:
            parent[name] = name = parent[parent[name]]
        return name

    def tie(a: str, b: str) -> None:
        parent[find(b)] = find(a)

    for node in graph:
        if node.colocated in parent:
            tie(node.colocated, node.name)
        users = graph.users[node.name]
        if isinstance(node.op, Input):
            users = users[:1]
        elif not isinstance(node.op, State) or not node.type.shape:
            users = ()
        for user in users:
            tie(user.name, node.name)
    for state, ref in graph.updates.items():
        tie(state, ref.node)
    return {name: find(name) for name in parent}


def _edges(graph: Graph, together: Mapping[str, str]) -> dict[str, list[str]]:
    """Group -> groups that come after it. Where a group has no forward node, everything it reads comes before it."""
    forward = forward_nodes(graph)
    with_forward = {together[name] for name in forward}
    after: dict[str, dict[str, None]] = {}
    for node in graph:
        if node.name in forward or together[node.name] not in with_forward:
            own = together[node.name]
            for ref in node.inputs:
                before = together[ref.node]
                old = isinstance(graph[ref.node].op, State)  # a state is read as it is at the start: it orders nothing
                if before != own and not old:
                    after.setdefault(before, {})[own] = None
    return {name: list(users) for name, users in after.items()}


def _merge_cycles(graph: Graph, together: dict[str, str]) -> dict[str, str]:
    """Ties groups that lie on a common cycle, but for cycles over several pins: the file wants them apart."""
    pins: dict[str, set[str]] = {}
    for node in graph:
        if node.device is not None:
            pins.setdefault(together[node.name], set()).add(node.device)
    roots = tuple(dict.fromkeys(together[node.name] for node in graph))
    merged = {root: root for root in roots}
    for component in strongly_connected(roots, _edges(graph, together)):
        if len(set().union(*(pins.get(root, set()) for root in component))) < 2:
            merged.update((root, component[0]) for root in component)
    return {name: merged[root] for name, root in together.items()}


def strongly_connected(names: Sequence[str], after: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The strongly connected components of a directed graph.

    source: Kosaraju's algorithm, in Aho, Hopcroft, Ullman: Data structures and algorithms, 1983, section 6.7.

    >>> strongly_connected("abc", {"a": ["b"], "b": ["a", "c"]})
    [['a', 'b'], ['c']]
    """
    before: dict[str, list[str]] = {}
    for name, users in after.items():
        for user in users:
            before.setdefault(user, []).append(name)
    seen: set[str] = set()
    finished = [name for root in names for name in _postorder(root, after, seen)]
    seen = set()
    return [found for root in reversed(finished) if (found := _postorder(root, before, seen)[::-1])]


def _postorder(root: str, after: Mapping[str, Sequence[str]], seen: set[str]) -> list[str]:
    """What can be reached from `root` and was not seen, each after all that it leads to."""
    if root in seen:
        return []
    seen.add(root)
    done, stack = [], [(root, iter(after.get(root, ())))]
    while stack:
        name, users = stack[-1]
        user = next((u for u in users if u not in seen), None)
        if user is None:
            done.append(name)
            stack.pop()
        else:
            seen.add(user)
            stack.append((user, iter(after.get(user, ()))))
    return done


def depth_first(names: Sequence[str], after: Mapping[str, Iterable[str]]) -> list[str]:
    """A topological order that ends a branch before it begins the next; cycles are broken by the given order."""
    waits = dict.fromkeys(names, 0)
    for users in after.values():
        for user in users:
            waits[user] += 1
    order: dict[str, None] = {}
    for root in sorted(names, key=lambda name: waits[name] > 0):  # the later ones are left only where a cycle blocks
        ready = [root]
        while ready:
            name = ready.pop()
            if name in order:
                continue
            order[name] = None
            for user in reversed(list(after.get(name, ()))):
                waits[user] -= 1
                if not waits[user]:
                    ready.append(user)
    return list(order)


def _group(graph: Graph, names: list[str]) -> Group:
    pins = {graph[name].device: name for name in names if graph[name].device is not None}
    if len(pins) > 1:
        (first, one), (second, other), *_ = pins.items()
        raise error(
            "E0602",
            f"{one} is placed on {first} and {other} on {second}, but they must share a device",
            f"they share states or belong to one layer ({_shared(graph, names)}): place them together",
        )
    return Group(tuple(names), next(iter(pins), None))


def _shared(graph: Graph, names: Collection[str]) -> str:
    states = [name for name in names if isinstance(graph[name].op, State) and len(graph.users[name]) > 1]
    return ", ".join(states[:3]) or next(iter(names))
