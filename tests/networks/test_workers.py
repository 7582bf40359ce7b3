"""A network has the same bits for any number of workers: forward, and through steps of training."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, rng
from cnngraph.net import load
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.resources import resource
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import Settings
from cnngraph.train.initialisers import initial_states

WORKERS = (1, 2, 3)
BATCH = 5  # the last tile is smaller
NAMES = ("lenet5", "resnet18", "googlenet", "densenet121", "mobilenet_v2")
SLOW = pytest.mark.sweep
TRAINED = ("lenet5", "resnet18", *(pytest.param(name, marks=SLOW) for name in NAMES[2:]))


def feeds_of(graph: Graph, step: int) -> dict[str, Array]:
    feeds: dict[str, Array] = {}
    for place, node in enumerate(graph.inputs):
        type_, numbers = node.type.bind(batch=BATCH), rng(step, place)
        if type_.vocabulary is not None:
            feeds[node.name] = numbers.integers(0, type_.vocabulary, type_.concrete)
        else:
            feeds[node.name] = numbers.random(type_.concrete, np.float32)
    return feeds


def different(found: dict[str, Array], expected: dict[str, Array]) -> list[str]:
    assert found.keys() == expected.keys()
    return [name for name in expected if found[name].tobytes() != expected[name].tobytes()]


@pytest.mark.parametrize("name", NAMES)
def test_forward(name: str) -> None:
    graph = run(load(resource("specs", "nets", f"{name}.cnn")).graph, INFERENCE)
    states, feeds = initial_states(graph, seed=0), feeds_of(graph, 0)
    first, *others = [Runner(graph, states, settings=Settings(workers)).run(feeds) for workers in WORKERS]
    assert all(np.isfinite(value).all() for value in first.values())
    assert [different(other, first) for other in others] == [[], []]


@pytest.mark.parametrize("name", TRAINED)
def test_training(name: str) -> None:
    graph = load(resource("specs", "nets", f"{name}.cnn")).training_graph()
    states = initial_states(graph, seed=0)
    runners = [Runner(graph, states, settings=Settings(workers)) for workers in WORKERS]
    for step in range(2):
        first, *others = [runner.run(feeds_of(graph, step)) for runner in runners]
        assert [different(other, first) for other in others] == [[], []]
    assert [different(runner.states, runners[0].states) for runner in runners[1:]] == [[], []]
    assert different(runners[0].states, states)
