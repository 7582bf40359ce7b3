"""A step cut in two: what runs for each microbatch, and what runs once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cnngraph.autodiff.microbatches import halves
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, rng
from cnngraph.net import loads
from cnngraph.passes.pipeline import INFERENCE, TRAINING, run
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states
from cnngraph.train.step import step_of

TEXT = """
net n(image: 2@6x5) = conv(3, 3x3) -> batchnorm -> relu -> flatten -> dense(4) -> softmax
train { loss: cross_entropy(output, label); optimizer: adam(lr = 0.01); clip: norm(0.5); average: ema(decay = 0.9) }
"""


def step(text: str = TEXT) -> Graph:
    net = loads(text)
    return step_of(net.training, run(net.training.graph, TRAINING))


def test_what_belongs_to_which_half() -> None:
    found = halves(step(), 2)
    assert found.update is not None
    moved = {name for name in found.micro.updates if not name.startswith("accumulated.")}
    assert moved == {"batchnorm.mean", "batchnorm.variance"}
    assert {node.name for node in found.micro.inputs} == {"image", "label"}
    assert {node.name for node in found.update.inputs} == {"rate"}
    assert set(found.accumulators) == {
        f"accumulated.{n}" for n in ("conv.weight", "conv.bias", "batchnorm.scale", "batchnorm.shift",
                                     "dense.weight", "dense.bias")
    }  # fmt: skip
    assert "conv.weight" in found.update.updates
    assert "conv.weight" not in found.micro.updates
    assert "update.batchnorm.mean.average.mean" in found.update.updates  # once a step, from what the microbatches left
    assert set(found.micro.outputs) == {"output", "loss"}
    assert not [name for name in found.update.updates if name.startswith("accumulated.")]


def test_the_halves_by_hand_are_the_step_but_for_rounding() -> None:
    text = TEXT.replace("batchnorm -> ", "")
    whole = step(text)
    found = halves(whole, 2)
    assert found.update is not None
    states = initial_states(whole, seed=0)
    image, label = rng(0).normal(size=(4, 6, 5, 2)).astype(np.float32), np.array([0, 3, 1, 2])
    rate = np.ones((), np.float32)
    expected = Runner(whole, states)
    expected.run({"image": image, "label": label, "rate": rate})
    zeros = {name: np.zeros(found.micro[name].type.concrete, np.float32) for name in found.accumulators}
    micro = Runner(found.micro, {**states, **zeros})
    losses = [float(micro.run({"image": image[i : i + 2], "label": label[i : i + 2]})["loss"]) for i in (0, 2)]
    update = Runner(found.update, {**states, **micro.states})
    update.run({"rate": rate})
    assert np.isfinite(losses).all()
    for name, value in update.states.items():
        if name in expected.states:
            np.testing.assert_allclose(value, expected.states[name], rtol=1e-4, atol=1e-6, err_msg=name)
    changed: list[Array] = [update.states[name] for name in ("conv.weight", "dense.bias")]
    assert not np.array_equal(changed[0], states["conv.weight"])


def test_a_graph_without_gradients_runs_as_it_is() -> None:
    graph = run(loads(TEXT).graph, INFERENCE)
    found = halves(graph, 3)
    assert found.micro is graph
    assert found.update is None
    assert found.accumulators == ()


def test_a_name_that_pipelines_use() -> None:
    graph = step()
    nodes = tuple(replace(n, name="accumulated.x") if n.name == "rate" else n for n in graph)
    with pytest.raises(CnnGraphError, match=r"accumulated\.x has a name that pipelines use"):
        halves(replace(graph, nodes=tuple(n for n in nodes if n.name in ("image", "accumulated.x")),
                       outputs={"gradient.image": graph["image"].ref}, updates={}), 2)  # fmt: skip
