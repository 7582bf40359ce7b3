"""A graph before and after passes, run on the same numbers by the plain meaning of its operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Array, Op, rng
from cnngraph.ir.types import TensorType
from cnngraph.ops.embed import Embed
from cnngraph.ops.sinusoid import Sinusoid
from cnngraph.passes.pipeline import Pass, run
from cnngraph.train.initialisers import initial_states

Values = dict[str, Array]


def in_float64(graph: Graph) -> Graph:
    """The graph in double precision, in which rounding hides nothing; one without gradients yet."""
    builder = Builder()
    for node in graph:
        builder.add(node.name, _in_float64(node.op), node.inputs, device=node.device, colocated=node.colocated)
    return builder.finish(graph.name, graph.outputs, graph.updates, graph.facts)


def _in_float64(op: Op) -> Op:
    if isinstance(op, Input | State) and op.type.dtype == "float32":
        return replace(op, type=replace(op.type, dtype="float64"))
    return replace(op, dtype="float64") if isinstance(op, Embed | Sinusoid) else op


def differences(graph: Graph, passes: Sequence[Pass], **sizes: int) -> dict[str, float]:
    """How far each output and next state of the graph moves by the passes, as a part of its largest number.

    What is zero but for rounding (the gradient of a bias before a batch norm) is measured by the largest of all.
    """
    given = drawn(graph, sizes)
    before, after = values(graph.bind(**sizes), given), values(run(graph, passes).bind(**sizes), given)
    assert before.keys() == after.keys()
    largest = max(float(np.abs(value).max()) for value in before.values() if value.dtype.kind == "f")
    return {name: _apart(before[name], after[name], 1e-4 * largest) for name in before}


def drawn(graph: Graph, sizes: Mapping[str, int]) -> Values:
    """First values of the states, with something to find in those that are the same everywhere, and inputs."""
    found = initial_states(graph, seed=0)
    for place, node in enumerate(graph.states):
        if node.type.dtype != "int64" and np.ptp(found[node.name]) == 0:
            noise = rng(1, place).uniform(0.1, 0.3, node.type.concrete)
            found[node.name] = (found[node.name] + noise).astype(node.type.dtype)
    return found | {node.name: _fed(node.type.bind(**sizes), i) for i, node in enumerate(graph.inputs)}


def _fed(type_: TensorType, place: int) -> Array:
    if type_.vocabulary is not None:
        return rng(2, place).integers(0, type_.vocabulary, type_.concrete)
    return np.asarray(rng(2, place).normal(size=type_.concrete)).astype(type_.dtype)


def values(graph: Graph, given: Mapping[str, Array]) -> Values:
    """Outputs and next states. What nobody reads any more is forgotten, so that large networks fit."""
    held = {*graph.outputs.values(), *graph.updates.values()}
    last = {ref: node.name for node in graph for ref in node.inputs}
    found: dict[Ref, Array] = {}
    for node in graph:
        leaf = isinstance(node.op, Input | State)
        results = (given[node.name],) if leaf else node.op.apply([found[ref] for ref in node.inputs])
        for index, (result, type_) in enumerate(zip(results, node.types, strict=True)):
            assert (result.shape, result.dtype) == (type_.concrete, type_.dtype), f"{node.name} is not {type_}"
            found[Ref(node.name, index)] = result
        for ref in set(node.inputs):
            if last[ref] == node.name and ref not in held:
                del found[ref]
    updates = {f"update.{name}": found[ref] for name, ref in graph.updates.items()}
    return {name: found[ref] for name, ref in graph.outputs.items()} | updates


def _apart(before: Array, after: Array, smallest: float) -> float:
    assert before.shape == after.shape
    if before.dtype.kind != "f":
        return float(np.abs(after - before).max())  # the state of random numbers: any change is one too many
    scale = max(float(np.abs(before).max()), smallest)
    return float(np.abs(after - before).max()) / scale if scale else 0.0
