"""A whole training step as one graph: loss, gradients, and the next value of each state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from cnngraph.autodiff.averaging import Ema
from cnngraph.autodiff.clipping import Clipping
from cnngraph.autodiff.grad import grad, leading_to
from cnngraph.diagnostics import error
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Op
from cnngraph.ir.types import TensorType

RATE = "rate"


def training_step(
    graph: Graph,
    loss: Ref,
    optimizer: Op,
    trainable: Sequence[str] | None = None,
    *,
    clip: Clipping | None = None,
    average: Ema | None = None,
    decay_axes: int = 0,
    rates: Mapping[str, float] | None = None,
    called: str = "",
) -> Graph:
    """The graph of one step of `optimizer` on `loss`, from a graph that is already in its form for training.

    It reads one more input, the scalar `rate`, by which a schedule multiplies the learning rate of the optimizer. For
    each state in `trainable` (by default all trainable states that the loss depends on) the node `update.<state>` =
    optimizer(state, its gradient, rate) gives the next value; the optimizer's own states are `update.<state>.<key>`.
    All of them stand on the device of the state.

    `clip` limits the gradients before the optimizer sees them. `average` adds to each state that a step changes its
    moving average. The optimizer's weight decay is for states of at least `decay_axes` axes; the others have none.
    `rates` are factors of the learning rate of single states. Of several steps on the same states each is `called`
    something: its optimizer's own states are then `update.<state>.<key>.<called>`.

    Raises CnnGraphError as `grad` does, and E0102 where the graph has something called `rate`.
    """
    if RATE in graph:
        raise error("E0102", f"the name {RATE} belongs to the learning rate", f"rename {RATE} in {graph.name}")
    names = trainable_states(graph, loss) if trainable is None else trainable
    differentiated = grad(graph, loss, names)
    builder = Builder(differentiated)
    rate = builder.add(RATE, Input(TensorType(()))).ref
    gradients = {name: differentiated.outputs[f"gradient.{name}"] for name in names}
    gradients = gradients if clip is None else clip.clipped(builder, gradients)
    updates = dict(graph.updates)
    for name in names:
        op = optimizer if len(graph[name].type.shape) >= decay_axes else _without_decay(optimizer)
        op = _slower(op, rates[name]) if rates and name in rates else op
        updates |= _update(builder, op, graph[name], gradients[name], rate, f".{called}" if called else "")
    if average is not None:
        changed = {name: updates[name] for name in (*graph.updates, *names)}
        updates |= average.averaged(builder, changed)
    return builder.finish(graph.name, differentiated.outputs, updates, graph.facts)


def trainable_states(graph: Graph, loss: Ref) -> tuple[str, ...]:
    """Names of the trainable states that the loss has a gradient by, in order."""
    leading = leading_to(graph, loss)
    return tuple(n.name for n in graph.states if isinstance(n.op, State) and n.op.trainable and n.name in leading)


def _without_decay(optimizer: Op) -> Op:
    decays = any(field.name == "weight_decay" for field in fields(optimizer))
    return replace(optimizer, weight_decay=0.0) if decays else optimizer  # type: ignore[call-arg]


def _slower(optimizer: Op, factor: float) -> Op:
    return replace(optimizer, lr=optimizer.lr * factor)  # type: ignore[attr-defined, call-arg]


def _update(
    builder: Builder, optimizer: Op, state: Node, gradient: Ref, rate: Ref, called: str = ""
) -> dict[str, Ref]:
    """Add the optimizer of one state; the next values of that state and of the optimizer's own."""
    name, operands = f"update.{state.name}", [state.ref, gradient, rate]
    beside = state.colocated or state.name
    own = {
        key: builder.state(
            f"{name}.{key}{called}", weight, origin=state.origin, device=state.device, colocated=beside
        ).ref
        for key, weight in optimizer.weight_types(*map(builder.type_of, operands)).items()
    }
    builder.add(name, optimizer, [*operands, *own.values()], origin=state.origin, device=state.device, colocated=beside)
    changed = optimizer.updates.items() if optimizer.changes_state else ()
    return {state.name: Ref(name), **{own[key].node: Ref(name, index) for key, index in changed if key in own}}
