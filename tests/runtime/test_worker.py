"""Executors: the same bits on any number of devices, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest
from partition.random_graphs import random_feeds, random_graph, random_states, random_training, slow_cluster

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Array, Weight
from cnngraph.ir.types import TensorType
from cnngraph.ops.conv import Conv
from cnngraph.ops.relu import Relu
from cnngraph.partition.split import split
from cnngraph.plan.schedule import plan_for, schedule
from cnngraph.runtime.worker import Executor

Values = dict[str, Array]


def evaluated(graph: Graph, feeds: Values, states: Values) -> tuple[Values, Values]:
    """Outputs and next states by the definition: every node's `forward`, in the order of the graph."""
    values = {Ref(name): value for name, value in {**feeds, **states}.items()}
    for node in graph:
        if Ref(node.name) not in values:
            results = node.op.apply([values[ref] for ref in node.inputs])
            values.update((Ref(node.name, k), np.asarray(result)) for k, result in enumerate(results))
    return {n: values[r] for n, r in graph.outputs.items()}, {n: values[r] for n, r in graph.updates.items()}


@pytest.mark.parametrize("seed", range(4))
def test_one_device_means_what_the_operators_mean(seed: int) -> None:
    graph = random_training(seed).bind(batch=3)
    feeds, states = random_feeds(graph, 3, seed), random_states(graph, seed)
    outputs, following = evaluated(graph, feeds, states)
    executor = Executor(plan_for(graph), states)
    found = executor.run(feeds)
    np.testing.assert_allclose(found["loss"], outputs["loss"], rtol=1e-6)
    for name, value in following.items():
        np.testing.assert_allclose(executor.states[name], value, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("devices", [2, 3, 4])
@pytest.mark.parametrize("seed", range(4))
def test_many_devices_equal_one_bit_for_bit(seed: int, devices: int) -> None:
    graph = random_training(seed, layers=6).bind(batch=3)
    partition = split(graph, slow_cluster(devices))
    assert len(partition.stages) >= min(devices, 3)
    plans = [plan_for(graph), schedule(partition)]
    executors = [Executor(plan, random_states(graph, seed)) for plan in plans]
    for step in range(3):
        one, many = (executor.run(random_feeds(graph, 3, step)) for executor in executors)
        assert one["loss"].tobytes() == many["loss"].tobytes()
    for name in executors[0].states:
        assert executors[0].states[name].tobytes() == executors[1].states[name].tobytes(), name


def test_training_lowers_the_loss() -> None:
    graph = random_training(1).bind(batch=4)
    executor = Executor(schedule(split(graph, slow_cluster(2))), random_states(graph))
    losses = [float(executor.run(random_feeds(graph, 4))["loss"]) for _ in range(15)]
    assert losses[-1] < 0.5 * losses[0]


VECTOR = TensorType((3,))


def test_all_updates_see_the_old_states() -> None:
    builder = Builder()
    a, b = (builder.state(name, Weight(VECTOR, "zeros")).ref for name in "ab")
    graph = builder.finish("swap", {"a": a}, {"a": b, "b": a})
    executor = Executor(plan_for(graph), {"a": np.full(3, 1, "f4"), "b": np.full(3, 2, "f4")})
    assert executor.run({})["a"].tolist() == [1, 1, 1]
    assert [executor.states[name][0] for name in "ab"] == [2, 1]
    assert executor.run({})["a"].tolist() == [2, 2, 2]


def test_outputs_are_arrays_of_their_own() -> None:
    graph = random_graph(0).bind(batch=1)
    executor = Executor(plan_for(graph), random_states(graph))
    first = executor.run(random_feeds(graph, 1, seed=1))["y"]
    kept = first.copy()
    executor.run(random_feeds(graph, 1, seed=2))
    np.testing.assert_array_equal(first, kept)


def test_feeds_are_not_changed_and_lists_are_taken() -> None:
    builder = Builder()
    x = builder.add("x", Input(VECTOR)).ref
    graph = builder.finish("lists", {"y": builder.add("relu", Relu(), [x]).ref})
    executor = Executor(plan_for(graph), {})
    assert executor.run({"x": np.array([-1, 2, -3], np.int8)})["y"].tolist() == [0, 2, 0]


class Broken(Conv):
    """Fails when it runs."""

    def forward(self, *inputs: Array) -> Array:
        raise RuntimeError("it broke")


@pytest.mark.parametrize("devices", [1, 3])
def test_a_failing_operator_is_raised_and_nothing_hangs(devices: int) -> None:
    graph = random_graph(1, layers=8).bind(batch=8)
    fails = Broken(**vars(graph["last"].op))
    broken = replace(graph, nodes=tuple(replace(n, op=fails) if n.name == "last" else n for n in graph))
    executor = Executor(schedule(split(broken, slow_cluster(devices))), random_states(graph))
    start = perf_counter()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="it broke"):
            executor.run(random_feeds(graph, 8))
    assert perf_counter() - start < 5


def test_states_that_do_not_fit_are_all_named() -> None:
    graph = random_training(0).bind(batch=1)
    states = random_states(graph)
    states["last.weight"] = states["last.weight"][0]
    states["last.bias"] = states["last.bias"].astype(np.float64)
    del states["dense.bias"]
    states["dense.weight"].flags.writeable = False
    with pytest.raises(CnnGraphError) as caught:
        Executor(plan_for(graph), states)
    assert {d.code for d in caught.value.diagnostics} == {"E0703"}
    text = str(caught.value)
    assert "the state `last.weight` is float32 (1, 4, 4), but float32 (1, 1, 4, 4) is needed" in text
    assert "the state `last.bias` is float64 (4,), but float32 (4,) is needed" in text
    assert "the state `dense.bias` (3) has no value" in text
    assert "the state `dense.weight` changes, but its array is read-only" in text


def wrong(feeds: dict[str, object]) -> list[tuple[str, tuple[str, ...]]]:
    graph = random_training(0).bind(batch=2)
    executor = Executor(plan_for(graph), random_states(graph))
    with pytest.raises(CnnGraphError) as caught:
        executor.run({**random_feeds(graph, 2), **feeds})
    assert {d.code for d in caught.value.diagnostics} == {"E0705"}
    return [(d.message, d.helps) for d in caught.value.diagnostics]


def test_wrong_feeds_say_the_numbers() -> None:
    assert wrong({"image": np.zeros((2, 6, 5, 4), "f4")})[0][0] == (
        "`image` has shape (2, 6, 5, 4), but (2, 5, 6, 4) is needed"
    )
    [(message, helps)] = wrong({"image": np.zeros((5, 6, 4), "f4")})
    assert message == "`image` has shape (5, 6, 4), but (2, 5, 6, 4) is needed"
    assert helps == ("for a single sample, add the axis of the batch: image[None]",)
    [(message, helps)] = wrong({"image": np.zeros((2, 5, 6, 4))})
    assert message == "`image` has numbers of type float64, but float32 is needed"
    assert helps == ("convert them: image.astype('float32')",)
    assert wrong({"target": np.array([0, 3])})[0][0] == "`target` has the id 3, but ids go from 0 to 2"
    assert wrong({"target": np.array([0, -1])})[0][0] == "`target` has the id -1, but ids go from 0 to 2"
    [(message, helps)] = wrong({"imag": 3})
    assert (message, helps) == ("no input is named `imag`", ("did you mean `image`?",))


def test_all_wrong_feeds_at_once() -> None:
    graph = random_training(0).bind(batch=2)
    executor = Executor(plan_for(graph), random_states(graph))
    with pytest.raises(CnnGraphError) as caught:
        executor.run({"pixels": 1, "image": np.zeros(3)})
    assert len(caught.value.diagnostics) == 4  # unknown; two missing; a wrong shape
