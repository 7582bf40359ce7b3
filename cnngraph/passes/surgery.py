"""What passes that replace several nodes at once ask and do: who reads a result, and the graph with others instead.

A value belongs to whoever reads it: a pass takes a node apart only where nobody else would miss it. `Readers` says so.
Late nodes run at a place of their own, and nodes of two devices are kept apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import State


class Readers:
    """The nodes that read each result of a graph, as often as they do."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.held = {*graph.outputs.values(), *graph.updates.values()}

    @cached_property
    def of(self) -> Mapping[Ref, list[Node]]:
        found: dict[Ref, list[Node]] = {}
        for node in self.graph:
            for ref in node.inputs:
                found.setdefault(ref, []).append(node)
        return found

    def only(self, ref: Ref) -> Node | None:
        """The one node that reads this result, once; None where it is an output, or is read elsewhere as well."""
        found = self.of.get(ref, [])
        return found[0] if len(found) == 1 and ref not in self.held else None


def on_one_device(*nodes: Node) -> bool:
    """Whether nothing asks for two devices, and all run at their place in the graph."""
    devices = {node.device for node in nodes if node.device is not None}
    return len(devices) < 2 and not any(node.late for node in nodes)


def device_of(*nodes: Node) -> str | None:
    """The device that one of the nodes asks for."""
    return next((node.device for node in nodes if node.device is not None), None)


def constants(graph: Graph) -> frozenset[str]:
    """The nodes that are the same in every run: they depend on states that the graph does not change, or on nothing."""
    found: set[str] = set()
    for node in graph:
        fixed = isinstance(node.op, State) and node.name not in graph.updates
        made = bool(node.inputs) and not node.late and all(ref.node in found for ref in node.inputs)
        if fixed or made:
            found.add(node.name)
    return frozenset(found)


def fresh(taken: Iterable[str] | Mapping[str, object], name: str) -> str:
    """`name`, or `name_2`, `name_3`, ... where it is taken."""
    known = taken if isinstance(taken, Mapping) else set(taken)
    found, count = name, 2
    while found in known:
        found, count = f"{name}_{count}", count + 1
    return found


def replaced(
    graph: Graph,
    new: Mapping[str, Sequence[Node]],
    moved: Mapping[Ref, Ref] | None = None,
    beside: Mapping[str, str] | None = None,
) -> Graph:
    """The graph with the nodes `new[name]` instead of each node `name` that has an entry; the same where there is none.

    Results of nodes that go are found at `moved`; what shared the device of such a node shares that of `beside`.
    """
    if not new:
        return graph
    moved, beside = moved or {}, beside or {}
    nodes = tuple(_rewired(n, moved, beside) for node in graph for n in new.get(node.name, (node,)))
    outputs = {name: moved.get(ref, ref) for name, ref in graph.outputs.items()}
    updates = {name: moved.get(ref, ref) for name, ref in graph.updates.items()}
    return replace(graph, nodes=nodes, outputs=outputs, updates=updates)


def _rewired(node: Node, moved: Mapping[Ref, Ref], beside: Mapping[str, str]) -> Node:
    inputs = tuple(moved.get(ref, ref) for ref in node.inputs)
    colocated = None if node.colocated is None else beside.get(node.colocated, node.colocated)
    if colocated == node.name:
        colocated = None
    same = inputs == node.inputs and colocated == node.colocated
    return node if same else replace(node, inputs=inputs, colocated=colocated)


def in_order(graph: Graph) -> Graph:
    """The graph with each node right before the first that waits for it, where it stood behind it."""
    done: dict[str, Node] = {}
    for node in graph:
        stack = [node]
        while stack:
            waiting = [ref.node for ref in stack[-1].inputs if ref.node not in done]
            if waiting:
                stack.extend(graph[name] for name in reversed(waiting))
            else:
                last = stack.pop()
                done.setdefault(last.name, last)
    return replace(graph, nodes=tuple(done.values()))
