"""A graph for prediction becomes one for training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Op
from cnngraph.ir.verify import verify
from cnngraph.passes.rewrite import Rewriting, results_of, rewrite


def to_training(graph: Graph) -> Graph:
    """Give each node the operator that stands for it in training, the states which that asks for, and their updates.

    A state that several nodes change (a shared layer) passes through them in the order of the graph: each reads what
    the one before it left, and the last says what the state becomes. A node that would change states beside trainable
    ones stays in its form for prediction where all of those are frozen: not trainable, though its operator says so.

    Before:

        graph g
        x: f32[batch, 4] = input
        n.scale: f32[4] = state(initial='ones') with n
        n.shift: f32[4] = state(initial='zeros') with n
        n.mean: f32[4] = state(initial='zeros', trainable=False) with n
        n.variance: f32[4] = state(initial='ones', trainable=False) with n
        n: f32[batch, 4] = batchnorm <- x, n.scale, n.shift, n.mean, n.variance on gpu0
        output y = n

    After:

        graph g
        x: f32[batch, 4] = input
        n.scale: f32[4] = state(initial='ones') with n
        n.shift: f32[4] = state(initial='zeros') with n
        n.mean: f32[4] = state(initial='zeros', trainable=False) with n
        n.variance: f32[4] = state(initial='ones', trainable=False) with n
        n: f32[batch, 4], f32[4], f32[4], f32[4], f32[4] = batchnorm(training=True) <- \
x, n.scale, n.shift, n.mean, n.variance on gpu0
        output y = n
        update n.mean = n!3
        update n.variance = n!4
    """
    changed: dict[str, Ref] = {}

    def rule(node: Node, new: Rewriting) -> Sequence[Ref] | None:
        op = node.op.for_training()
        if op == node.op or _is_frozen(node, op, new):
            return None
        operands, states = _operands_and_states(node, op, new)
        latest = [changed.get(state, Ref(state)) for state in states.values()]
        new.add(node.name, op, [*operands, *latest], origin=node.origin, device=node.device, colocated=node.colocated)
        if op.changes_state:
            changed.update((states[key], Ref(node.name, i)) for key, i in op.updates.items() if key in states)
        return results_of(node)

    rewritten = rewrite(graph, rule)
    return verify(replace(rewritten, updates={**rewritten.updates, **changed})) if changed else rewritten


def _is_frozen(node: Node, op: Op, new: Rewriting) -> bool:
    """Whether a node such as a batch normalization is to use what it has stored."""
    types = [new.type_of(ref) for ref in node.inputs]
    count = len(types) if op.variadic else len(op.operands)
    weights = node.op.weight_types(*types[:count])
    held = [ref.node for weight, ref in zip(weights.values(), node.inputs[count:], strict=True) if weight.trainable]
    changes = op.changes_state and any(key in weights for key in op.updates)
    ops = [new.nodes[name].op for name in held]
    return changes and bool(ops) and not any(isinstance(state, State) and state.trainable for state in ops)


def _operands_and_states(node: Node, op: Op, new: Rewriting) -> tuple[Sequence[Ref], dict[str, str]]:
    """The operands of the node, and the name of each state that `op` wants: an old one, or a new `<node>.<key>`."""
    types = [new.type_of(ref) for ref in node.inputs]
    count = len(types) if op.variadic else len(op.operands)
    old = dict(zip(node.op.weight_types(*types[:count]), node.inputs[count:], strict=True))
    states = {key: ref.node for key, ref in old.items()}
    for key, weight in op.weight_types(*types[:count]).items():
        if key not in states:
            name, beside = f"{node.name}.{key}", node.colocated or node.name
            states[key] = new.state(name, weight, origin=node.origin, device=node.device, colocated=beside).name
    return node.inputs[:count], states

