"""The parts of a divided graph are graphs: they print, and run one after another they give the numbers of the whole."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from partition.random_graphs import random_feeds, random_graph, random_states, random_training, slow_cluster

from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.ir.text import from_text, to_text
from cnngraph.ir.verify import verify
from cnngraph.net import load, loads
from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import Partition, assign
from cnngraph.partition.parts import part_of
from cnngraph.partition.split import split
from cnngraph.resources import resource
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states


def parts(partition: Partition) -> dict[str, Graph]:
    return {stage.device.name: partition.subgraph(stage.device.name) for stage in partition.stages}


def run_in_turn(partition: Partition, states: Mapping[str, Array], feeds: Mapping[str, Array]) -> dict[str, Array]:
    """All outputs and next states, by runs of the parts alone: each as soon as what it reads is there.

    A part of a training step is run twice: up to what it sends forward, and with the gradients that come back.
    """
    values = dict(feeds)
    runners = {name: Runner(part, states) for name, part in parts(partition).items()}
    todo = {name: list(runner.graph.outputs) for name, runner in runners.items()}
    while any(todo.values()):
        before = sum(map(len, todo.values()))
        for name, runner in runners.items():
            ready = [output for output in todo[name] if leads_from(runner.graph, output) <= values.keys()]
            if ready:
                values |= runner.run({k: values[k] for k in inputs_of(runner.graph) & values.keys()}, ready)
                todo[name] = [output for output in todo[name] if output not in ready]
        assert sum(map(len, todo.values())) < before, f"nothing can run: {todo}"
    changed: dict[str, Array] = {}
    for runner in runners.values():
        runner.run({name: values[name] for name in inputs_of(runner.graph)})
        changed |= {name: runner.states[name] for name in runner.graph.updates}
    outputs = {name: values[name] for name in partition.graph.outputs}
    return outputs | changed


def inputs_of(graph: Graph) -> set[str]:
    return {node.name for node in graph.inputs}


def leads_from(graph: Graph, output: str) -> set[str]:
    kept = graph.restricted_to([graph.outputs[output]])
    return {node.name for node in graph.inputs if node.name in kept}


def whole(graph: Graph, states: Mapping[str, Array], feeds: Mapping[str, Array]) -> dict[str, Array]:
    runner = Runner(graph, states)
    return runner.run(feeds) | {name: runner.states[name] for name in graph.updates}


def check(
    partition: Partition, states: Mapping[str, Array], feeds: Mapping[str, Array], tolerance: float = 0.0
) -> None:
    """The same bits, but for a `tolerance` as a fraction of the largest number."""
    found, expected = run_in_turn(partition, states, feeds), whole(partition.graph, states, feeds)
    assert found.keys() == expected.keys()
    for name, wanted in expected.items():
        assert np.abs(found[name] - wanted).max() <= tolerance * np.abs(wanted).max(), name


@pytest.mark.parametrize("seed", range(8))
def test_parts_run_in_turn_give_the_numbers_of_the_whole(seed: int) -> None:
    """Within rounding: convolutions of one value run as one wide product, unless a cut lies between them."""
    graph = random_graph(seed, layers=9).bind(batch=2)
    partition = split(graph, slow_cluster(3))
    check(partition, random_states(graph), random_feeds(graph), tolerance=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_parts_of_a_training_step_give_its_updates(seed: int) -> None:
    graph = random_training(seed).bind(batch=2)
    partition = split(graph, slow_cluster(2))
    check(partition, random_states(graph), random_feeds(graph))


def test_parts_of_googlenet_cut_between_blocks() -> None:
    graph = load(resource("specs", "nets", "googlenet.cnn")).bound(batch=2)
    names = [node.name for node in graph]
    borders = [names.index(block) for block in ("i3b.conv_relu[1].conv.weight", "i4c.conv_relu[1].conv.weight")]
    device_of = {name: f"gpu{sum(i >= border for border in borders)}" for i, name in enumerate(names)}
    partition = assign(graph, Cluster.uniform(3), device_of, contiguous=False)
    check(partition, initial_states(graph, seed=0), random_feeds(graph))


@pytest.mark.sweep
def test_parts_of_two_towers() -> None:
    graph = load(resource("specs", "nets", "alexnet_two_gpus.cnn")).bound(batch=2)
    partition = split(graph, Cluster.uniform(2))
    assert len(partition.stages) == 2
    check(partition, initial_states(graph, seed=0), random_feeds(graph))


@pytest.mark.parametrize("seed", range(6))
def test_parts_print_and_read_back(seed: int) -> None:
    graph = (random_training if seed % 2 else random_graph)(seed).bind(batch=2)
    for part in parts(split(graph, slow_cluster(3))).values():
        assert from_text(to_text(verify(part))) == part


def test_parts_share_no_state_and_cover_all_nodes() -> None:
    graph = random_training(0).bind(batch=2)
    made = parts(split(graph, slow_cluster(3)))
    computed = [node.name for part in made.values() for node in part if node.inputs]
    assert sorted(computed) == sorted(node.name for node in graph if node.inputs)
    assert {node.name for part in made.values() for node in part.states} == {node.name for node in graph.states}
    assert set().union(*(part.updates for part in made.values())) == set(graph.updates)


def test_what_crosses_has_a_name_of_its_own() -> None:
    graph = loads("net n(image: 1@8x8) = conv(4, 3x3) -> relu -> globalavgpool -> dense(3)").bound(batch=2)
    last = list(graph)[-1].name
    named = Graph(graph.name, graph.nodes, {"relu": graph[last].ref}, graph.updates)
    device_of = {node.name: "b" if node.name.startswith(("globalavgpool", "dense")) else "a" for node in graph}
    sender, receiver = (part_of(named, device_of, device) for device in "ab")
    assert list(sender.outputs) == ["relu_"]
    assert [node.name for node in receiver.inputs] == ["relu_"]
    assert list(receiver.outputs) == ["relu"]
