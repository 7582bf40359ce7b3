"""Graphs whose backward part computes again: the same bits, in less memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt

import numpy as np
import pytest
from networks.carried import NAMES, carried
from partition.random_graphs import random_feeds, random_states, random_training, slow_cluster

from cnngraph.autodiff.grad import grad
from cnngraph.autodiff.recompute import recompute, recompute_within
from cnngraph.cost.liveness import peak_bytes
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.op import Array, rng
from cnngraph.ir.text import from_text, to_text
from cnngraph.kernels.kernel import PLAIN, Kernel, Task
from cnngraph.net import loads
from cnngraph.plan.choice import Choice
from cnngraph.plan.schedule import Options, plan_for
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states


def chain(length: int) -> Graph:
    """x -> a1 -> a2 -> ... -> loss, each of 4 numbers a sample, with its gradient by x."""
    values = ["x", *(f"a{i}" for i in range(1, length + 1))]
    lines = [f"{new}: f32[batch, 4] = tanh <- {old}" for old, new in pairwise(values)]
    head = "graph chain\nx: f32[batch, 4] = input\nt: f32[batch, 4] = input\n"
    end = f"\nloss: f32 = mse <- {values[-1]}, t\noutput loss = loss\n"
    return grad(from_text(head + "\n".join(lines) + end), Ref("loss"), ["x"])


def again(graph: Graph) -> list[str]:
    return [node.name for node in graph if node.late]


def test_what_is_run_again_stands_before_the_first_gradient_that_reads_it() -> None:
    found = recompute(chain(6))
    names = [node.name for node in found.nodes[found.nodes.index(found["gradient.seed"]) :]]
    assert names == [
        *("gradient.seed", "gradient.loss.prediction", "gradient.a6.x", "gradient.a5.x"),
        *("again.a4", "gradient.a4.x", "gradient.a3.x"),
        *("again.a1", "again.a2", "gradient.a2.x", "gradient.a1.x"),
    ]
    assert found["again.a2"].inputs == (Ref("again.a1"),)
    assert found["again.a2"].colocated == "a2"
    assert found["gradient.a3.x"].inputs == (Ref("gradient.a4.x"), Ref("a3"))
    assert from_text(to_text(found)) == found


@pytest.mark.parametrize("length", [16, 50, 200])
def test_a_chain_keeps_the_square_root_of_its_layers(length: int) -> None:
    whole, less = chain(length).bind(batch=64), recompute(chain(length)).bind(batch=64)
    value = 64 * 4 * 4
    assert peak_bytes(whole) > length * value
    assert peak_bytes(less) < (sqrt(2 * length) + 5) * value
    assert len(again(less)) < length


def test_what_gains_nothing_stays() -> None:
    done = recompute(chain(16))
    forward = from_text("graph g\nx: f32[batch, 4] = input\ny: f32[batch, 4] = tanh <- x\noutput y = y\n")
    for graph in (done, forward, chain(1)):
        assert recompute(graph) is graph


def test_a_budget_takes_no_more_work_than_it_must() -> None:
    graph = chain(100).bind(batch=64)
    most, least = peak_bytes(graph), peak_bytes(recompute(graph))
    assert recompute_within(graph, most) is graph
    counts = []
    for part in (0.8, 0.6, 0.4, 0.2):
        budget = round(part * most)
        found = recompute_within(graph, budget)
        assert peak_bytes(found) <= budget
        counts.append(len(again(found)))
    assert counts == sorted(set(counts))
    assert counts[0] <= 30  # a fifth less: little more than a fifth of the layers
    assert peak_bytes(recompute_within(graph, least)) == least
    with pytest.raises(CnnGraphError, match=r"E0602.*chain needs .* even if it computes again"):
        recompute_within(graph, least // 2)
    with pytest.raises(CnnGraphError, match="E0109"):
        recompute_within(chain(9), least)


def assert_same_steps(plain: Runner, other: Runner, feeds: Mapping[str, Array], steps: int = 2) -> None:
    for _ in range(steps):
        expected, found = plain.run(feeds), other.run(feeds)
        assert [name for name in expected if not np.array_equal(found[name], expected[name], equal_nan=True)] == []
    changed = [n for n, value in plain.states.items() if not np.array_equal(other.states[n], value, equal_nan=True)]
    assert changed == []


def test_where_something_else_needs_most_nothing_is_run_again() -> None:
    """With the sizes known it is seen that the weights of this cell are what its memory goes to."""
    net, known = carried("char_rnn"), {"batch": 2, "T": 64}
    plain, guessed, seen = net.training_graph(), net.training_graph(recompute=True), net.training_graph(True, **known)
    assert again(guessed)
    assert seen == plain
    assert len({peak_bytes(graph.bind(**known)) for graph in (plain, guessed, seen)}) == 1


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_no_bit_changes(seed: int, devices: int) -> None:
    """Through branches, dropout and running statistics, for two steps, also on two devices."""
    graph = random_training(seed, layers=16)
    less = recompute(graph)
    assert again(less)
    states = random_states(graph)
    cluster = slow_cluster(devices) if devices > 1 else None
    assert_same_steps(Runner(graph, states), Runner(less, states, cluster), random_feeds(graph))


MIXED = """
net mixed(image: 3@8x8) {
  conv(4, 3x3, pad = same) -> batchnorm -> relu -> dropout(0.25)
  conv(4, 3x3, pad = same) -> batchnorm -> relu -> dropout(0.25)
  conv(4, 3x3, pad = same) -> batchnorm -> relu -> dropout(0.25)
  conv(4, 3x3, pad = same) -> batchnorm -> relu -> dropout(0.25)
  flatten -> dense(3) -> softmax
}
train { optimizer: adam(lr = 0.01) }
"""


def test_random_numbers_and_statistics_are_those_of_the_first_time() -> None:
    net = loads(MIXED)
    graph, less = net.training_graph(), net.training_graph(recompute=True)
    kinds = {less[name].op.name for name in again(less)}
    assert {"batchnorm", "dropout"} <= kinds
    assert less.updates == graph.updates
    states = initial_states(graph, seed=3)
    feeds = {"image": rng(1).normal(size=(5, 8, 8, 3)).astype("f4"), "label": np.arange(5) % 3, "rate": np.float32(1)}
    assert_same_steps(Runner(graph, states), Runner(less, states), feeds, steps=3)


QUICK = ["autoencoder", "char_rnn", "fairness", "fashion", "gan_digits", "latent_diffusion"]
LONG = sorted({*NAMES} - {*QUICK})


def sizes(graph: Graph) -> dict[str, int]:
    return {"batch": 2, **{name: 64 for name in graph.symbols if name != "batch"}}


@pytest.mark.parametrize("name", QUICK)
def test_carried_networks_keep_their_bits(name: str) -> None:
    net = carried(name)
    graph, less = net.training_graph(), net.training_graph(recompute=True)
    states, bound = initial_states(graph, seed=0), graph.bind(**sizes(graph))
    assert again(less)
    assert_same_steps(Runner(graph, states), Runner(less, states), random_feeds(bound))


PAIR = """
import gru, lstm from "std/recurrent.cnn"
net pair(a: 3@T, b: 3@T) {
  shared tower = scan(gru(n = 6)) -> linear(6) -> tanh -> scan(lstm(n = 5), reverse = true) -> linear(6) -> tanh
  let left = a -> tower
  let right = b -> tower
  alike: abs(left - right) -> globalavgpool -> dense(1) -> sigmoid
}
train { loss: bce(alike, target) }
"""


def test_shared_layers_and_cells_along_a_sequence_keep_their_bits() -> None:
    net = loads(PAIR)
    graph, less = net.training_graph(), net.training_graph(recompute=True)
    assert {"scan", "tanh"} <= {less[name].op.name for name in again(less)}
    states, bound = initial_states(graph, seed=0), graph.bind(batch=3, T=7)
    assert_same_steps(Runner(graph, states), Runner(less, states), random_feeds(bound, batch=3))


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.sweep) for name in LONG)])
def test_no_carried_network_needs_more(name: str) -> None:
    net = carried(name)
    graph = net.training_graph()
    whole = graph.bind(**sizes(graph))
    less = recompute(whole)
    assert peak_bytes(less) <= peak_bytes(whole)
    assert peak_bytes(net.training_graph(recompute=True).bind(**sizes(graph))) <= peak_bytes(whole)
    assert to_text(net.training_graph(recompute=True, **sizes(graph)).bind(**sizes(graph))) == to_text(less)


class Plainly(Choice):
    """Takes no workspace."""

    def able(self, task: Task) -> Sequence[Kernel]:
        return (PLAIN,)


def test_the_plan_needs_what_is_predicted() -> None:
    graph = recompute(random_training(2, layers=16).bind(batch=64))
    plan = plan_for(graph, Options(choice=Plainly()))
    values = plan.peak_bytes["host"] - plan.worker_bytes["host"]  # without what kernels take for a moment
    assert 0.7 * peak_bytes(graph) < values <= 1.05 * peak_bytes(graph)  # less where results lie over inputs


def test_the_memory_that_a_step_takes_falls_as_predicted() -> None:
    """Measured while the memory is made and a step runs. NumPy reports its allocations to `tracemalloc`."""
    graph = random_training(2, layers=24)
    batch = 512
    feeds, states = random_feeds(graph, batch), random_states(graph)
    plain, less = (measured_bytes(g, feeds, states) for g in (graph, recompute(graph)))
    predicted = [peak_bytes(g.bind(batch=batch)) for g in (graph, recompute(graph))]
    assert less < plain
    assert plain - less > 0.4 * (predicted[0] - predicted[1])  # values that a tile makes and reads were small before


def measured_bytes(graph: Graph, feeds: Mapping[str, Array], states: Mapping[str, Array]) -> int:
    tracemalloc.start()
    Runner(graph, states).run(feeds)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most
