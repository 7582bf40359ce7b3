"""Numbers that follow from numbers are worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnngraph.ir.graph import Graph, Node
from cnngraph.ops.constant import Constant
from cnngraph.passes.surgery import replaced


def fold_constants(graph: Graph) -> Graph:
    """Compute now each single number that depends on no input and no state.

    There is little of that but what the seed of the gradients goes through, such as the weights of the terms of a loss.
    What is made of states alone is left to the plan, which knows how long they stay.

    Before:

        graph g
        seed: f32 = constant(value=1.0)
        half: f32 = scale(factor=0.5) <- seed
        sum: f32 = add <- half, seed
        output sum = sum

    After:

        graph g
        seed: f32 = constant(value=1.0)
        half: f32 = constant(value=0.5)
        sum: f32 = constant(value=1.5)
        output sum = sum
    """
    known = {node.name: node.op for node in graph if isinstance(node.op, Constant)}
    new: dict[str, Sequence[Node]] = {}
    for node in graph:
        alone = node.types[0].shape == () and len(node.types) == 1 and not node.late and not node.op.changes_state
        if alone and node.inputs and all(ref.node in known for ref in node.inputs):
            (value,) = node.op.apply([known[ref.node].forward() for ref in node.inputs])
            known[node.name] = Constant(float(value), node.type.dtype)
            new[node.name] = (replace(node, op=known[node.name], inputs=()),)
    return replaced(graph, new)
