"""Recurrent networks: PyTorch's own modules give the same numbers, and a task is learned that needs a long memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cnngraph.autodiff.grad import grad
from cnngraph.ir.op import Array, rng
from cnngraph.net import Net, loads
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.passes.pipeline import TRAINING, run
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states

IMPORT = 'import rnn, lstm, gru from "std/recurrent.cnn"\n'
CHANNELS, FEATURES, LENGTH, BATCH = 3, 5, 7, 4


def net_of(cell: str, arguments: str = "") -> Net:
    body = f"scan({cell}(n = {FEATURES}){arguments})"
    train = "train { loss: mse(output, target) }"
    return loads(f"{IMPORT}net n(x: {CHANNELS}@T) {{ {body} }}\n{train}")


def values(seed: int, *shape: int) -> Array:
    return np.asarray(rng(seed).normal(size=shape)).astype(np.float32)


def module_of(torch: Any, cell: str, weight: Array, bias: Array) -> Any:
    """PyTorch's module with our weights: it has one matrix for the input and one for the state, and turned round."""
    kind = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM}[cell]
    module = kind(CHANNELS, FEATURES, batch_first=True)
    order = [0, 1, 3, 2] if cell == "lstm" else [0]  # we end with output, candidate; they with candidate, output
    parts = [np.split(a, len(order), axis=-1) for a in (weight, bias)]
    turned, biases = (np.concatenate([p[i] for i in order], axis=-1) for p in parts)
    with torch.no_grad():
        module.weight_ih_l0.copy_(torch.from_numpy(turned[:CHANNELS].T.copy()))
        module.weight_hh_l0.copy_(torch.from_numpy(turned[CHANNELS:].T.copy()))
        module.bias_ih_l0.copy_(torch.from_numpy(biases.copy()))
        module.bias_hh_l0.zero_()
    return module


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_pytorch_has_the_same_cells(cell: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    net = net_of(cell)
    x = values(1, BATCH, LENGTH, CHANNELS)
    ours = net(x)
    weight, bias = (net.states[f"scan.{cell}.dense.{name}"] for name in ("weight", "bias"))
    theirs, _ = module_of(torch, cell, weight, bias)(torch.from_numpy(x))
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_the_gradients_through_time_are_those_of_pytorch(cell: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    net = net_of(cell)
    x, target = values(1, BATCH, LENGTH, CHANNELS), values(2, BATCH, LENGTH, FEATURES)
    names = [f"scan.{cell}.dense.weight", f"scan.{cell}.dense.bias"]
    ours = net.gradients({"x": x, "target": target}, ["x", *names])
    module = module_of(torch, cell, *(net.states[name] for name in names))
    theirs = torch.from_numpy(x).requires_grad_()
    torch.nn.functional.mse_loss(module(theirs)[0], torch.from_numpy(target)).backward()
    np.testing.assert_allclose(ours["x"], theirs.grad.numpy(), rtol=1e-4, atol=1e-7)
    input_part = module.weight_ih_l0.grad.numpy().T
    state_part = module.weight_hh_l0.grad.numpy().T
    found = np.concatenate([input_part, state_part])
    if cell == "lstm":
        found = np.concatenate([np.split(found, 4, axis=1)[i] for i in (0, 1, 3, 2)], axis=1)
    np.testing.assert_allclose(ours[names[0]], found, rtol=1e-4, atol=1e-7)


def test_reverse_is_the_sequence_turned_round() -> None:
    forward, backward = net_of("gru"), net_of("gru", ", reverse = true")
    x = values(1, BATCH, LENGTH, CHANNELS)
    expected = forward(x[:, ::-1].copy())[:, ::-1]
    backward.states = forward.states
    np.testing.assert_array_equal(backward(x), expected)


def test_a_scan_in_two_halves_is_the_whole() -> None:
    text = f"""{IMPORT}
    net whole(x: 3@T) {{ scan(lstm(n = 5)) }}
    net halves(a: 3@S, b: 3@T) {{
      let _, h, c = a -> scan(lstm(n = 5))
      b -> scan(lstm(n = 5), init = (h, c))
    }}"""
    whole, halves = loads(text, "whole"), loads(text, "halves")
    x = values(1, BATCH, LENGTH, CHANNELS)
    expected = whole(x)
    first, second = (sorted(n.name for n in halves.graph.states if n.name.startswith(f"scan[{i}]")) for i in (1, 2))
    own = sorted(whole.states)
    halves.states = {name: whole.states[o] for names in (first, second) for name, o in zip(names, own, strict=True)}
    np.testing.assert_array_equal(halves(x[:, :3], x[:, 3:]), expected[:, 3:])


CELLS = {
    "of all": "let n = concat(x, h, k) -> dense(7) -> tanh; let g = n -> dense(4); return n -> dense(3), k2 = g * k",
    "crosswise": "let y = k -> dense(3); return y * x, k2 = h -> dense(4)",
    "twice the same": "let y = concat(x, h, k) -> dense(3); return y, k2 = concat(y, y) -> dense(4) -> tanh",
    "held": "let fixed = h -> stop_gradient; return y = x * fixed + h, k2 = concat(fixed, k) -> dense(4)",
    "shared": "shared d = dense(3); let y = x -> d; let s = h -> d -> tanh; return y = y + s, k",
}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_is_its_cell_written_out(cell: str, reverse: bool) -> None:
    """Loss and gradients, by the sequence, the first states and the weights, with one set of weights for three uses."""
    head, block = "x: 3@3, h: 3, k: 4", f"block cell(x: tensor, h: tensor(3), k: tensor(4)) {{ {CELLS[cell]} }}"
    train = "train n { loss: mse(a, ta) + 2*mse(b, tb) + 3*mse(c, tc) + mse(last, tl) }"
    parts = ", ".join(f"{name} = y -> position({t})" for t, name in enumerate("abc"))
    scan = f"let y, _, s = x -> scan(cell, init = (h, k), reverse = {str(reverse).lower()}); return {parts}, last = s"
    order = [2, 1, 0] if reverse else [0, 1, 2]
    steps, states = ["shared scan1 = cell"], "h, k"
    for t in order:
        steps += [f"let x{t} = x -> position({t})", f"let h{t}, k{t} = scan1(x{t}, {states})"]
        states = f"h{t}, k{t}"
    results = f"a = h0, b = h1, c = h2, last = k{order[-1]}"
    net = loads(f"{block}\nnet n({head}) {{ {scan} }}\n{train}")
    written = loads(f"{block}\nnet n({head}) {{ {'; '.join(steps)}; return {results} }}\n{train}")
    own, theirs = ([node.name for node in n.graph.states] for n in (net, written))
    net.states = {name: values(i, *net.graph[name].type.concrete) for i, name in enumerate(own)}
    written.states = {t: net.states[o] for t, o in zip(theirs, own, strict=True)}
    shapes = {"x": (3, 3), "h": (3,), "k": (4,), "ta": (3,), "tb": (3,), "tc": (3,), "tl": (4,)}
    feeds = {name: values(9, BATCH, *shape) for name, shape in shapes.items()}
    found, expected = net.gradients(feeds, [*"xhk", *own]), written.gradients(feeds, [*"xhk", *theirs])
    for ours, other in zip(found.values(), expected.values(), strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-4, atol=1e-5)


MEMORY = f"""{IMPORT}
net memory(digits: ids(9)@T) {{
  embed(8)
  let _, h, _ = it -> scan(lstm(n = 32))
  first: h -> dense(8) -> softmax
}}
train memory {{ loss: cross_entropy(first, label); optimizer: adam(lr = 1e-2) }}
"""


def drawn(step: int) -> dict[str, Array]:
    """The first digit is to be told after seven blanks (8)."""
    label = rng(7, step).integers(0, 8, 64)
    digits = np.full((64, 8), 8)
    digits[:, 0] = label
    return {"digits": digits, "label": label}


def test_it_remembers_the_first_of_eight() -> None:
    net = loads(MEMORY)
    graph = net.training_graph()
    runner = Runner(graph, initial_states(graph, seed=0))
    losses = [float(runner.run({**drawn(step), "rate": np.float32(1)})["loss"]) for step in range(150)]
    assert losses[0] > 2
    assert losses[-1] < 0.05


def test_two_devices_train_as_one_does() -> None:
    net = loads(MEMORY)
    graph = net.training_graph()
    slow, fast = Device("core", flops_per_second=1e9, bytes_per_second=1e9), Link("any", "any", 1e12, 1e-9)
    clusters = [None, Cluster.uniform(2, slow, fast)]
    runners = [Runner(graph, initial_states(graph, seed=0), cluster) for cluster in clusters]
    for step in range(3):
        found = [runner.run({**drawn(step), "rate": np.float32(1)})["loss"] for runner in runners]
        assert found[0] == found[1]
    for name, value in runners[0].states.items():
        np.testing.assert_array_equal(value, runners[1].states[name])


def test_frozen_weights_cost_no_gradient() -> None:
    form = run(net_of("gru").training.graph, TRAINING)
    graph = grad(form, form.outputs["loss"], ["x"])
    (node,) = [node for node in graph if node.name == "gradient.scan.all"]
    assert node.op.wanted == ("x",)  # type: ignore[attr-defined]
