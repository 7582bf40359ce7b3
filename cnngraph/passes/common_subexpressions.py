"""What is computed twice is computed once."""

from __future__ import annotations

from collections.abc import Sequence

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.passes.rewrite import results_of
from cnngraph.passes.surgery import replaced


def common_subexpressions(graph: Graph) -> Graph:
    """Read the first of several nodes that apply one operator to the same values on one device.

    An operator that changes its states stays, and so does a late node: it is there to be computed again. In training it
    finds what gradients of several inputs share. The bits stay.

    Before:

        graph g
        x: f32[batch, 4] = input
        a: f32[batch, 4] = relu <- x
        b: f32[batch, 4] = relu <- x
        c: f32[batch, 4] = tanh <- a
        d: f32[batch, 4] = tanh <- b
        s: f32[batch, 4] = add <- c, d with b
        output s = s
        output d = d

    After:

        graph g
        x: f32[batch, 4] = input
        a: f32[batch, 4] = relu <- x
        c: f32[batch, 4] = tanh <- a
        s: f32[batch, 4] = add <- c, c with a
        output s = s
        output d = c
    """
    new: dict[str, Sequence[Node]] = {}
    moved: dict[Ref, Ref] = {}
    beside: dict[str, str] = {}
    seen: dict[object, Node] = {}
    for node in graph:
        if isinstance(node.op, Input | State) or node.op.changes_state or node.late:
            continue
        key = (type(node.op), node.op, tuple(moved.get(ref, ref) for ref in node.inputs), node.device)
        first = seen.setdefault(key, node)
        if first is not node:
            new[node.name], beside[node.name] = (), first.name
            moved.update(zip(results_of(node), results_of(first), strict=True))
    return replaced(graph, new, moved, beside)
