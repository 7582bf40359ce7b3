"""Rewriting a graph node by node, in dependency order.

A rule sees each node once, its inputs already moved to the new graph, and answers:

    None        the node stays
    refs        one for each result of the node: what to read instead, of earlier nodes or of nodes that the rule added
                (under the old name, to take its place)

All nodes that stay keep their name, device and origin; a node that shared the device of one that went shares that of
the node which took its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.verify import verify


class Rewriting(Builder):
    """The new graph while it grows, and the way from the old one to it."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        self._moved: dict[Ref, Ref] = {}

    def now(self, ref: Ref) -> Ref:
        """Where a result of the old graph is found in the new one."""
        return self._moved[ref]

    def keep(self, node: Node) -> Sequence[Ref]:
        """Take over a node as it is; its results."""
        assert node.name not in self.nodes, f"a rule added a node named {node.name}, which exists"
        self.nodes[node.name] = node
        return results_of(node)

    def move(self, node: Node, results: Sequence[Ref]) -> None:
        """Say that the results of an old node are now these refs."""
        self._moved.update(zip(results_of(node), results, strict=True))


Rule: TypeAlias = Callable[[Node, Rewriting], "Sequence[Ref] | None"]


def rewrite(graph: Graph, rule: Rule) -> Graph:
    """The graph that `rule` makes of this one; the same object where it keeps all nodes."""
    new = Rewriting(graph)
    for node in graph:
        moved = _with_inputs(node, tuple(new.now(ref) for ref in node.inputs))
        results = rule(moved, new)
        new.move(node, new.keep(moved) if results is None else results)
    nodes = tuple(_beside_survivor(node, new) for node in new.nodes.values())
    if len(nodes) == len(graph.nodes) and all(a is b for a, b in zip(nodes, graph.nodes, strict=True)):
        return graph
    outputs = {name: new.now(ref) for name, ref in graph.outputs.items()}
    updates = {name: new.now(ref) for name, ref in graph.updates.items()}
    return verify(replace(graph, nodes=nodes, outputs=outputs, updates=updates))


def results_of(node: Node) -> tuple[Ref, ...]:
    """All results of a node."""
    return tuple(Ref(node.name, index) for index in range(len(node.types)))


def _with_inputs(node: Node, inputs: tuple[Ref, ...]) -> Node:
    return node if inputs == node.inputs else replace(node, inputs=inputs)


def _beside_survivor(node: Node, new: Rewriting) -> Node:
    """The node, colocated with what took the place of a node that went."""
    beside = node.colocated
    if beside is None or beside in new.nodes or beside not in new.graph:
        return node
    return replace(node, colocated=new.now(Ref(beside)).node)
