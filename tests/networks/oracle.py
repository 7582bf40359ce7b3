"""A graph with a loss, run here and by PyTorch: outputs, next values of states, and all gradients, side by side.

Gradients are compared in float64, where both sides agree to 10 digits. In float32 no tight bound would be true: where
two numbers differ in the last bit, a ReLU or a max pool may choose another side, and the gradient of one position goes
elsewhere. So float32, which is what people run, is compared by outputs and losses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from cnngraph.autodiff.grad import grad
from cnngraph.autodiff.step import trainable_states
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Array, Op, rng
from cnngraph.ops.dropout import Dropout
from cnngraph.ops.embed import Embed
from cnngraph.ops.sinusoid import Sinusoid
from cnngraph.passes.pipeline import INFERENCE, TRAINING, run
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states

pytest.importorskip("torch", reason="PyTorch is the oracle of these tests")
peers = import_module("cnngraph.interop.pytorch.interpreter")

Values = dict[str, Array]

FORMS = {"inference": INFERENCE, "training": TRAINING}
FLOAT64 = 1e-9  # of the largest number of each array; the largest seen is 2e-11, in resnet152 on a batch of two
NOTHING = 1e-4  # of the largest number of all, the scale of smaller arrays: some gradients are zero but for rounding
SIZES = {"batch": 2, "H": 64, "W": 32, "S": 6, "T": 5}


def compared(training_graph: Graph, form: str, dtype: str, gradients: bool) -> dict[str, float]:
    """The largest difference of each output, state and gradient."""
    graph = run(in_dtype(training_graph, dtype), FORMS[form])
    loss = graph.outputs["loss"]
    fed = [node.name for node in graph.inputs if node.type.vocabulary is None]
    wrt = [*fed, *trainable_states(graph, loss)] if gradients else []
    arguments = graph, drawn_states(graph), drawn_feeds(graph), wrt
    return differences(ours(*arguments), theirs(*arguments))


def in_dtype(graph: Graph, dtype: str) -> Graph:
    """The graph in another precision, and without chance: each dropout keeps everything."""
    builder = Builder()
    for node in graph:
        builder.add(node.name, _in_dtype(node.op, dtype), node.inputs)
    return builder.finish(graph.name, graph.outputs, graph.updates, graph.facts)


def _in_dtype(op: Op, dtype: str) -> Op:
    if isinstance(op, Input | State) and op.type.dtype == "float32":
        return replace(op, type=replace(op.type, dtype=dtype))
    if isinstance(op, Embed | Sinusoid):
        return replace(op, dtype=dtype)
    return replace(op, rate=0.0) if isinstance(op, Dropout) else op


def drawn_states(graph: Graph) -> Values:
    """First values as training has them, and something to find in those that begin as the same number everywhere."""
    values = initial_states(graph, seed=0)
    for place, node in enumerate(graph.states):
        if node.type.dtype != "int64" and np.ptp(values[node.name]) == 0:
            noise = rng(1, place).uniform(-0.2, 0.2, node.type.concrete)
            values[node.name] = (values[node.name] + noise).astype(node.type.dtype)
    return values


def drawn_feeds(graph: Graph) -> Values:
    return {node.name: _drawn(node, place) for place, node in enumerate(graph.inputs)}


def _drawn(node: Node, place: int) -> Array:
    type_, numbers = node.type.bind(**SIZES), rng(2, place)
    if type_.vocabulary is not None:
        return numbers.integers(0, type_.vocabulary, type_.concrete)
    return numbers.normal(size=type_.concrete).astype(type_.dtype)


def ours(graph: Graph, states: Values, feeds: Values, wrt: list[str]) -> Values:
    """Outputs, next values of states, and gradients."""
    whole = grad(graph, graph.outputs["loss"], wrt) if wrt else graph
    runner = Runner(whole, states)
    results = runner.run(feeds)
    return results | {f"update.{name}": runner.states[name] for name in watched(graph)}


def theirs(graph: Graph, states: Values, feeds: Values, wrt: list[str]) -> Values:
    """The same from PyTorch."""
    peer = peers.Interpreter(graph, states, gradients=bool(wrt))
    tensors = peer.feeds(feeds)
    leaves: Mapping[str, Any] = {**tensors, **peer.states}
    for name in wrt:
        leaves[name].requires_grad_()
    values = peer.run(tensors)
    found = peer.outputs(values)
    found |= {f"update.{name}": peer.ours(name, values[graph.updates[name]]) for name in watched(graph)}
    if wrt:
        values[graph.outputs["loss"]].backward()
    return found | {f"gradient.{name}": peer.ours(name, leaves[name].grad) for name in wrt}


def watched(graph: Graph) -> list[str]:
    """States that a run changes; keys of dropout mean nothing to PyTorch."""
    return [name for name in graph.updates if graph[name].type.dtype != "int64"]


def differences(found: Values, expected: Values) -> dict[str, float]:
    """The largest difference of each array, as a fraction of the largest number in it.

    A shift has no effect where another batch norm follows it without an activation, and its gradient is no number to
    compare by itself; nor has a bias before a batch norm.
    """
    assert found.keys() == expected.keys()
    smallest = NOTHING * max(1.0, *(float(np.abs(value).max()) for value in expected.values()))
    return {name: _difference(found[name], expected[name], smallest) for name in expected}


def _difference(found: Array, expected: Array, smallest: float) -> float:
    assert found.shape == expected.shape
    assert np.isfinite(found).all()
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), smallest))


def within(found: dict[str, float], limit: float) -> None:
    assert {name: value for name, value in found.items() if not value <= limit} == {}
