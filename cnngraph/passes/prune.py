"""Dead nodes go."""

from __future__ import annotations

from dataclasses import replace

from cnngraph.ir.graph import Graph, Ref


def prune(graph: Graph) -> Graph:
    """Remove each node that leads neither to an output nor to the next value of a state.

    Before:

        graph g
        x: f32[batch, 4] = input
        unread: f32[batch, 4] = input
        dead: f32[batch, 4] = relu <- x
        deader: f32[batch, 4] = relu <- dead
        alive: f32[batch, 4] = relu <- x
        output y = alive

    After:

        graph g
        x: f32[batch, 4] = input
        alive: f32[batch, 4] = relu <- x
        output y = alive
    """
    updated = [Ref(name) for name in graph.updates]
    alive = graph.restricted_to([*graph.outputs.values(), *graph.updates.values(), *updated])
    if len(alive) == len(graph.nodes):
        return graph
    return replace(graph, nodes=tuple(node for node in graph if node.name in alive))
