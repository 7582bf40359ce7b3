"""A small transformer, encoder and decoder, is trained: a step is PyTorch's, and it learns what needs every part of it.

The task is to write a sequence backwards. Without positions no layer knows which digit stands where; without attention
to the source nothing but the digits written so far is known; a decoder that sees later positions copies its target.
"""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from cnngraph.ir.op import Array, rng
from cnngraph.net import Net, load, loads
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.passes.pipeline import TRAINING, run
from cnngraph.plan.steps import Run
from cnngraph.resources import resource
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states

FILE = resource("specs", "nets", "transformer.cnn").read_text(encoding="utf-8")
WORDS, LENGTH, BATCH = 11, 6, 64  # ten digits, and the word that begins a target
START = WORDS - 1
SMALL = {"d": 32, "layers": 1, "heads": 4, "hidden": 64, "p": 0.0}


def small(optimizer: str) -> Net:
    """The file's own network with another vocabulary and another optimizer."""
    text = FILE.replace("37_000", str(WORDS)).replace("37000", str(WORDS))
    changed = [f"  optimizer: {optimizer}" if "optimizer:" in line else line for line in text.splitlines()]
    return loads("\n".join(changed), **SMALL)


def drawn(step: int) -> dict[str, Array]:
    source = rng(1, step).integers(0, START, (BATCH, LENGTH))
    label = source[:, ::-1].copy()
    target = np.concatenate([np.full((BATCH, 1), START), label[:, :-1]], axis=1)
    return {"source": source, "target": target, "label": label}


def test_it_learns_to_write_backwards() -> None:
    net = small("adam(lr = 3e-3, beta2 = 0.98)")
    graph = net.training_graph()
    runner = Runner(graph, initial_states(graph, seed=0))
    rate = np.float32(1)
    losses = [float(runner.run({**drawn(step), "rate": rate})["loss"]) for step in range(220)]
    assert losses[0] > 2
    assert losses[-1] < 0.1
    net.states = {node.name: runner.states[node.name] for node in net.graph.states}
    unseen = drawn(-1)
    words = net(unseen["source"], unseen["target"])
    assert (words.argmax(-1) == unseen["label"]).mean() > 0.98


def test_no_word_depends_on_a_later_one() -> None:
    net = small("sgd")
    feeds = drawn(0)
    other = feeds["target"].copy()
    other[:, 3:] = (other[:, 3:] + 1) % START
    first, second = net(feeds["source"], feeds["target"]), net(feeds["source"], other)
    np.testing.assert_array_equal(first[:, :3], second[:, :3])
    assert (first[:, 3:] != second[:, 3:]).any()


def test_any_lengths_can_be_fed() -> None:
    net = small("sgd")
    assert net(np.zeros((2, 9), np.int64), np.zeros((2, 4), np.int64)).shape == (2, 4, WORDS)


def test_a_training_step_is_that_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    net = small("sgd(lr = 0.1, momentum = 0)")
    graph = run(net.training.graph, TRAINING)
    states = initial_states(graph, seed=0)
    peer = import_module("cnngraph.interop.pytorch.interpreter").Interpreter(graph, states, gradients=True)
    ours = Runner(net.training_graph(), initial_states(net.training_graph(), seed=0))
    for step in range(3):
        feeds = drawn(step)
        loss = peer.run(peer.feeds(feeds))[graph.outputs["loss"]]
        trained = [value for value in peer.states.values() if value.requires_grad]
        with torch.no_grad():
            for value, slope in zip(trained, torch.autograd.grad(loss, trained), strict=True):
                value -= 0.1 * slope
        found = ours.run({**feeds, "rate": np.float32(1)})["loss"]
        assert float(found) == pytest.approx(loss.item(), rel=1e-5)


def test_three_devices_train_as_one_does() -> None:
    """Encoder, decoder and the one table for both are divided; the numbers are the same bit for bit."""
    graph = small("adam").training_graph()
    states, rate = initial_states(graph, seed=0), np.float32(1)
    slow, fast = Device("gpu", flops_per_second=1e9, bytes_per_second=1e9), Link("any", "any", 1e12, 1e-9)
    whole, divided = Runner(graph, states), Runner(graph, states, Cluster.uniform(3, slow, fast))
    for step in range(2):
        feeds = {**drawn(step), "rate": rate}
        assert divided.run(feeds)["loss"] == whole.run(feeds)["loss"]
    plan = divided.executor(feeds).plan
    assert all(any(isinstance(step, Run) for step in steps) for steps in plan.steps.values())
    assert [name for name in whole.states if not np.array_equal(whole.states[name], divided.states[name])] == []


def test_the_file_itself_has_the_sizes_of_the_base_model() -> None:
    net = load(resource("specs", "nets", "transformer.cnn"))
    shapes = {name: str(type_) for name, type_ in net.shapes.items()}
    assert shapes["decoder_layer[6].attention.dot"] == "S@8xT"
    assert shapes["memory.encoder_layer[6].perceptron.relu"] == "2048@S"
