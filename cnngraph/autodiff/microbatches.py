"""A training step in two graphs, for pipelines: one that runs for each microbatch, and one that runs once at the end.

    step     loss, gradients, updates                              of a batch of 32
    micro    loss, gradients, accumulated += gradient              of 8, four times
    update   gradient = accumulated / 4, updates                   once

Losses are means over the batch, so the mean of the gradients of equal microbatches is the gradient of the batch. Batch
normalisation takes its statistics from the microbatch, and moves its averages once for each, as in GPipe (Huang et al.,
NeurIPS 2019, section 2.3); counters of random numbers count microbatches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cnngraph.autodiff.step import RATE
from cnngraph.diagnostics import error
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Weight
from cnngraph.ops.add import Add
from cnngraph.ops.scale import Scale

GRADIENT = "gradient."
ACCUMULATED = "accumulated."


@dataclass(frozen=True)
class Halves:
    """`micro` runs for each microbatch; `update` once after the last. States of one name are the same state.

    `accumulators` are states of both, 0 before the first microbatch; they are named after what they add up. Where
    nothing is differentiated there is no update, and no accumulator.
    """

    micro: Graph
    update: Graph | None = None

    @property
    def accumulators(self) -> tuple[str, ...]:
        return tuple(node.name for node in self.micro.states if node.name.startswith(ACCUMULATED))


def halves(step: Graph, count: int) -> Halves:
    """A training step, with its gradients among its outputs (`training_step`), for `count` equal microbatches.

    The outputs of the microbatches are those of the step without the gradients. A graph without gradients runs for
    each microbatch as it is. Errors: E0102 where a name is taken.
    """
    gradients = {name: ref for name, ref in step.outputs.items() if name.startswith(GRADIENT)}
    if not gradients:
        return Halves(step)
    if taken := [node.name for node in step if node.name.startswith(ACCUMULATED)]:
        raise error("E0102", f"{taken[0]} has a name that pipelines use", f"rename it: not {ACCUMULATED}...")
    late = _late_updates(step)
    kept = {state: ref for state, ref in step.updates.items() if state not in late}
    outputs = {name: ref for name, ref in step.outputs.items() if name not in gradients}
    return Halves(_micro(step, gradients, outputs, kept), _update(step, gradients, kept, late, count))


def _late_updates(step: Graph) -> dict[str, Ref]:
    """What optimizers and averages change: the rest moves with each microbatch."""
    with_rate = {RATE} if RATE in step else set()
    for node in step:
        if any(ref.node in with_rate for ref in node.inputs):
            with_rate.add(node.name)
    own = {name for name in step.updates if name.startswith("update.")}
    return {state: ref for state, ref in step.updates.items() if state in own or ref.node in with_rate}


def _micro(
    step: Graph, gradients: Mapping[str, Ref], outputs: Mapping[str, Ref], kept: Mapping[str, Ref]
) -> Graph:
    needed = step.restricted_to([*gradients.values(), *outputs.values(), *kept.values()])
    builder = Builder(replace(step, nodes=tuple(node for node in step if node.name in needed), outputs={}, updates={}))
    updates = dict(kept)
    for name, ref in gradients.items():
        state = step[name.removeprefix(GRADIENT)]
        total = _accumulator(builder, state, step.type_of(ref).dtype)
        added = builder.add(
            f"accumulate.{state.name}", Add(), [total.ref, ref],
            origin=state.origin, device=state.device, colocated=state.colocated or state.name,
        )  # fmt: skip
        updates[total.name] = added.ref
    return builder.finish(step.name, outputs, updates, step.facts)


def _accumulator(builder: Builder, state: Node, dtype: str) -> Node:
    weight = Weight(replace(state.type, dtype=dtype), "zeros", trainable=False)
    return builder.state(
        ACCUMULATED + state.name, weight,
        origin=state.origin, device=state.device, colocated=state.colocated or state.name,
    )  # fmt: skip


def _update(
    step: Graph, gradients: Mapping[str, Ref], kept: Mapping[str, Ref], late: Mapping[str, Ref], count: int
) -> Graph:
    """What follows from accumulators and states alone; a state that moved with the microbatches is there to be read."""
    builder = Builder()
    there: dict[Ref, Ref] = {}
    for name, ref in gradients.items():
        state = step[name.removeprefix(GRADIENT)]
        total = _accumulator(builder, state, step.type_of(ref).dtype)
        there[ref] = builder.add(
            f"mean.{state.name}", Scale(1 / count), [total.ref],
            origin=state.origin, device=state.device, colocated=state.colocated or state.name,
        ).ref  # fmt: skip
    moved = {ref: state for state, ref in kept.items()}
    needed = _between(step, late, {*there, *moved})
    for node in step:
        if node.name not in needed:
            continue
        inputs = [there.get(ref) or (Ref(moved[ref]) if ref in moved else ref) for ref in node.inputs]
        for ref in inputs:
            if ref.node not in builder.nodes:
                builder.nodes[ref.node] = step[ref.node]
        builder.nodes[node.name] = replace(node, inputs=tuple(inputs))
    return builder.finish(f"{step.name}.update", {}, dict(late), step.facts)


def _between(step: Graph, late: Mapping[str, Ref], ends: set[Ref]) -> set[str]:
    """Nodes that lead to the late updates and are not before `ends`."""
    found: set[str] = set()
    todo = [ref for ref in late.values() if ref not in ends]
    while todo:
        ref = todo.pop()
        if ref.node not in found:
            found.add(ref.node)
            todo += [before for before in step[ref.node].inputs if before not in ends]
    return found

