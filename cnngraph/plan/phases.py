"""Which part of a training step a node belongs to, for plans whose phases a pipeline runs apart.

    FORWARD   leads to an output, or reads nothing of what follows
    BACKWARD  gradients, and what is computed again for them
    WEIGHTS   leads to accumulators of its own layer alone; a phase of its own only where that is asked for

A later phase reads earlier ones, never the other way round: nodes sorted by phase stay in an order that can run.
"""

from __future__ import annotations

from dataclasses import replace

from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ops.identity import Identity

FORWARD, BACKWARD, WEIGHTS = range(3)


def phases_of(graph: Graph, apart: bool = False) -> dict[str, int]:
    """The phase of each node; weight gradients are `apart`, or belong to the backward phase. Leaves are forward."""
    shown = graph.restricted_to(graph.outputs.values())
    first = _differentiated(graph, shown)
    found = {node.name: BACKWARD if node.name in first else FORWARD for node in graph}
    if apart:
        for node in reversed(graph.nodes):
            users = graph.users[node.name]
            if found[node.name] == BACKWARD and all(
                found[user.name] == WEIGHTS and _layer(user) == _layer(node) for user in users
            ):
                found[node.name] = WEIGHTS
    return found


def _differentiated(graph: Graph, shown: frozenset[str]) -> set[str]:
    """Gradients: colocated with their layer and no part of an output; with all that reads them, and constants for
    them.
    """
    found: set[str] = set()
    for node in graph:
        late = node.late or (node.colocated is not None and not isinstance(node.op, Input | State))
        if node.name not in shown and (late or any(ref.node in found for ref in node.inputs)):
            found.add(node.name)
    for node in graph:
        constant = not node.inputs and not isinstance(node.op, Input | State)
        if constant and all(user.name in found for user in graph.users[node.name]):
            found.add(node.name)
    return found


def _layer(node: Node) -> str:
    return node.colocated or node.name


def remember_states(graph: Graph) -> Graph:
    """States that change in the forward phase are read there alone: a later reader has a copy of the old value.

    Otherwise it would find the value of another microbatch, whose forward phase ran in between.
    """
    phase = phases_of(graph)
    changed = {state for state, ref in graph.updates.items() if phase[ref.node] == FORWARD}
    read = {ref for node in graph if phase[node.name] > FORWARD for ref in node.inputs if ref.node in changed}
    if not read:
        return graph
    builder, copies = Builder(), dict[Ref, Ref]()
    for node in graph:
        inputs = tuple(copies.get(ref, ref) if phase[node.name] > FORWARD else ref for ref in node.inputs)
        builder.nodes[node.name] = node if inputs == node.inputs else replace(node, inputs=inputs)
        if node.ref in read:
            name = builder.fresh(f"before.{node.name}")
            copies[node.ref] = builder.add(name, Identity(), [node.ref], device=node.device).ref
    return builder.finish(graph.name, graph.outputs, graph.updates, graph.facts)
