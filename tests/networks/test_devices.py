"""A network on several devices gives the numbers of one device, bit for bit; and only what is asked for is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from runtime.drawn_feeds import drawn_feeds

from cnngraph.ir.op import Array
from cnngraph.net import Net, load
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.plan.steps import Run
from cnngraph.resources import resource
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states

BATCH = 2
STEPS = 2
SLOW, FAST = Device("gpu", flops_per_second=1e9, bytes_per_second=1e9), Link("any", "any", 1e12, 1e-9)

QUICK = (
    ("googlenet", 2), ("googlenet", 3), ("googlenet", 4), ("resnet18", 3), ("alexnet_two_gpus", 2), ("autoencoder", 2),
)  # fmt: skip
LONG = (
    ("alexnet_two_gpus", 3), ("alexnet_two_gpus", 4), ("resnet50", 2), ("resnet50", 3), ("resnet50", 4),
    ("siamese", 2), ("siamese", 3),
)  # fmt: skip
CASES = [*QUICK, *(pytest.param(*case, marks=pytest.mark.sweep) for case in LONG)]


def network(name: str) -> Net:
    return load(resource("specs", "nets", f"{name}.cnn"))


def devices(count: int) -> Cluster:
    """gpu0, gpu1, ...: so slow, with links so fast, that each of them is worth its messages."""
    return Cluster.uniform(count, SLOW, FAST)


def assert_all_work(divided: Runner, name: str, count: int) -> None:
    """Each device applies operators; where the file names two of them, others need not."""
    plan = divided.executor(drawn_feeds(divided.graph, 0, BATCH)).plan
    busy = [device for device, steps in plan.steps.items() if any(isinstance(step, Run) for step in steps)]
    assert len(busy) >= (2 if name == "alexnet_two_gpus" else count)


def same_bits(found: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    assert found.keys() == expected.keys()
    assert [name for name in expected if not np.array_equal(found[name], expected[name])] == []


@pytest.mark.parametrize(("name", "count"), CASES)
def test_forward_on_devices_is_forward_on_one(name: str, count: int) -> None:
    graph = run(network(name).graph, INFERENCE)
    states, feeds = initial_states(graph, seed=0), drawn_feeds(graph, 0, BATCH)
    divided = Runner(graph, states, devices(count))
    same_bits(divided.run(feeds), Runner(graph, states).run(feeds))
    assert_all_work(divided, name, count)


@pytest.mark.parametrize(("name", "count"), CASES)
def test_training_on_devices_is_training_on_one(name: str, count: int) -> None:
    graph = network(name).training_graph()
    states = initial_states(graph, seed=0)
    whole, divided = Runner(graph, states), Runner(graph, states, devices(count))
    for step in range(STEPS):
        feeds = drawn_feeds(graph, step, BATCH)
        same_bits(divided.run(feeds), whole.run(feeds))
    same_bits(divided.states, whole.states)
    weights = [node.name for node in graph.states if "random" not in node.name]
    assert any(not np.array_equal(whole.states[name], states[name]) for name in weights)
    assert_all_work(divided, name, count)


def test_placements_of_the_file_hold() -> None:
    partition = network("alexnet_two_gpus").partition(devices(2), batch=BATCH, gradient=True)
    asked = {node.name: node.device for node in partition.graph if node.device}
    assert set(asked.values()) == {"gpu0", "gpu1"}
    assert {name: partition.device_of[name] for name in asked} == asked


@pytest.fixture(scope="module")
def googlenet() -> Runner:
    graph = run(network("googlenet").graph, INFERENCE)
    return Runner(graph, initial_states(graph, seed=0))


def steps_for(runner: Runner, fetch: Sequence[str] | None) -> set[str]:
    """Names of the nodes that run."""
    plan = runner.executor(drawn_feeds(runner.graph, 0, BATCH), fetch).plan
    return {step.node for steps in plan.steps.values() for step in steps if isinstance(step, Run)}


def test_fetch_runs_only_what_leads_there(googlenet: Runner) -> None:
    whole, main, aux1 = (steps_for(googlenet, fetch) for fetch in (None, ["main"], ["aux1"]))
    assert aux1 < whole
    assert main < whole
    assert len(aux1) < len(whole) / 2
    assert not [name for name in aux1 if name.startswith(("i4b", "i4c", "i4d", "i4e", "i5", "main", "aux2"))]
    assert not [name for name in main if name.startswith("aux")]
    assert steps_for(googlenet, ["main", "aux1", "aux2"]) == whole


def test_fetch_gives_the_same_bits(googlenet: Runner) -> None:
    feeds: dict[str, Any] = drawn_feeds(googlenet.graph, 0, BATCH)
    whole = googlenet.run(feeds)
    same_bits(googlenet.run(feeds, ["aux1"]), {"aux1": whole["aux1"]})
