"""A cell along a sequence: gradients through time against central differences in float64, and what memory it holds."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping

import numpy as np
import pytest
from autodiff.interpreter import evaluate, filled, slope
from networks.oracle import in_dtype

from cnngraph.autodiff.grad import grad
from cnngraph.autodiff.step import trainable_states
from cnngraph.cost.liveness import Liveness, peak_bytes
from cnngraph.cost.model import value_bytes
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, rng
from cnngraph.net import loads
from cnngraph.passes.pipeline import INFERENCE, TRAINING, run
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import Settings
from cnngraph.train.initialisers import initial_states

CELLS = """
import rnn, lstm, gru from "std/recurrent.cnn"
block decaying(x: tensor(2), fast: tensor(2), slow: tensor(3)) {
  let next = concat(x, fast, slow) -> dense(2) -> tanh
  let kept = concat(fast, slow) -> dense(3) -> sigmoid
  return next, slow * kept
}
"""
NETS = {
    "one state": "net n(x: 2@T) { scan(rnn(n = 3)) }",
    "two states": "net n(x: 2@T) { scan(lstm(n = 3)) }",
    "reversed": "net n(x: 2@T) { scan(gru(n = 3), reverse = true) }",
    "started": "net n(x: 2@T, h: 3, k: 3) { x -> scan(lstm(n = 3), init = (h, k)) }",
    "started, reversed": "net n(x: 2@T, h: 3) { x -> scan(gru(n = 3), init = h, reverse = true) }",
    "states of two sizes": "net n(x: 2@T, h: 2, k: 3) { x -> scan(decaying, init = (h, k)) }",
    "a cell in a cell": "net n(x: 2@T) { scan(gru(n = 3)) -> scan(lstm(n = 2), reverse = true) -> scan(rnn(n = 3)) }",
}


def graph_of(kind: str) -> Graph:
    return loads(f"{CELLS}\n{NETS[kind]}\ntrain {{ loss: mse(output, target) }}").training.graph


@pytest.mark.parametrize("kind", NETS)
def test_gradients_through_time_are_slopes_for_any_length(kind: str) -> None:
    """By the sequence, by each initial state and by each weight."""
    form = run(in_dtype(graph_of(kind), "float64"), INFERENCE)
    loss = form.outputs["loss"]
    names = [*trainable_states(form, loss), *(node.name for node in form.inputs)]
    whole = grad(form, loss, names)
    for length in range(1, 9):
        bound, given = form.bind(batch=2, T=length), around_zero(form.bind(batch=2, T=length))
        found = evaluate(whole.bind(batch=2, T=length), given)
        for name in names:
            gradient = found[str(whole.outputs[f"gradient.{name}"])]
            direction = rng(length).standard_normal(gradient.shape)
            expected = slope(bound, loss, given, name, direction)
            assert np.sum(gradient * direction) == pytest.approx(expected, rel=1e-5, abs=1e-9), (name, length)


def around_zero(graph: Graph) -> dict[str, Array]:
    return {name: value - 0.85 for name, value in filled(graph).items()}


def test_an_early_input_reaches_a_late_result() -> None:
    """Of eight positions only the last counts for the loss, and the first still has a gradient by it."""
    body = "scan(lstm(n = 3)) -> position(-1)"
    net = loads(f"{CELLS}\nnet n(x: 2@T) {{ {body} }}\ntrain {{ loss: mse(output, target) }}")
    numbers = rng(4)
    feeds = {"x": numbers.standard_normal((1, 8, 2)), "target": numbers.standard_normal((1, 3))}
    found = net.gradients({name: value.astype(np.float32) for name, value in feeds.items()}, ["x"])["x"]
    sizes = np.abs(found).max(axis=(0, 2))
    assert (sizes > 0).all()
    assert sizes[0] < sizes[-1]


# ---- memory ----


def training_of_lstm() -> Graph:
    net = loads(f"{CELLS}\nnet n(x: 2@T) {{ scan(lstm(n = 16)) }}\ntrain {{ loss: mse(output, target) }}")
    form = run(net.training.graph, TRAINING)
    return grad(form, form.outputs["loss"], trainable_states(form, form.outputs["loss"]))


def test_only_states_are_kept_for_the_way_back() -> None:
    """The gradient of a scan reads the sequence, the weights and the states: no gate, no sum inside a step."""
    graph = training_of_lstm().bind(batch=4, T=50)
    (node,) = [node for node in graph if node.name.endswith(".all")]
    states = next(n for n in graph if n.op.name == "scan")
    read = {ref.node for ref in node.inputs} - {n.name for n in (*graph.inputs, *graph.states)}
    assert read == {states.name, node.inputs[0].node}
    assert sum(value_bytes(states)) == 4 * 50 * (16 + 16) * 4  # h and c, of every position and sample


def values_bytes(graph: Graph) -> int:
    """The most bytes of values alive at once, without what is fed and what is kept from run to run."""
    return peak_bytes(graph) - int(Liveness(graph).held.sum())


def test_memory_grows_by_states_alone() -> None:
    """A step has 8 values of 16 numbers inside; a position of the sequence adds the two states, and their gradient."""
    graph = training_of_lstm()
    short, long = (values_bytes(graph.bind(batch=4, T=length)) for length in (100, 200))
    state_bytes = 4 * (16 + 16) * 4
    assert (long - short) / 100 <= 3 * state_bytes


def test_measured_memory_is_that_of_the_plan() -> None:
    """Twice as long a sequence takes more by what the plan says, and by results that are copied to their places."""
    graph = training_of_lstm()
    states = initial_states(graph, seed=0)
    measured, planned = [], []
    for length in (20, 20, 40):  # the first run of all also fills what the process keeps
        feeds = {"x": np.ones((128, length, 2), "f4"), "target": np.zeros((128, length, 16), "f4")}
        measured.append(most_bytes(graph, states, feeds))
        planned.append(peak_bytes(graph.bind(batch=128, T=length)))
    copied = 128 * 20 * (16 + 16) * 4
    assert 0 <= (measured[2] - measured[1]) - (planned[2] - planned[1]) < 2 * copied


def most_bytes(graph: Graph, states: Mapping[str, Array], feeds: Mapping[str, Array]) -> int:
    """The most bytes that a run takes; with one worker, or which copies are alive at once is a matter of luck."""
    tracemalloc.start()
    Runner(graph, states, settings=Settings(workers=1)).run(feeds)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most
