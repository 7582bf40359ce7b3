"""The module trains as our network does: the same gradients, in training too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cnngraph.net import Net, loads

torch: Any = pytest.importorskip("torch", reason="PyTorch makes the gradients")
running = pytest.importorskip("interop.pytorch_source.running")

NET = """
block unit(c) {
  residual { conv(c, 3x3, same, bias = false) -> batchnorm -> relu } project conv(c, 1x1)
}
net n(x: 3@8x8) {
  unit(4) -> unit(4)
  conv(6, 3x3/2) -> tanh -> flatten
  dense(5) -> reshape(5@1x1) -> flatten
}
train n { loss: mse(output, target) }
"""


def gradients(training: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By the names of PyTorch, the gradient there and ours in its order."""
    net: Net = loads(NET)
    net.states = running.drawn_states(net.graph)
    exported = running.Exported.of(net.graph, net.states)
    feeds = running.drawn_feeds(net.training.graph, 3)
    exported.model.train(training)
    (result,) = [exported.model(*exported.tensors({"x": feeds["x"]}))]
    torch.nn.functional.mse_loss(result, torch.from_numpy(feeds["target"])).backward()
    trained = {name: value.grad.numpy() for name, value in exported.model.named_parameters()}
    states = [exported.source.names[name] for name in trained]
    ours = net.gradients(feeds, states, training=training)
    turned = running.to_pytorch(net.graph, {**net.states, **{name: ours[name] for name in states}}).states
    return {name: (value, turned[name]) for name, value in trained.items()}


@pytest.mark.parametrize("training", [False, True])
def test_gradients(training: bool) -> None:
    found = gradients(training)
    assert len(found) == 12
    for name, (theirs, ours) in found.items():
        assert np.abs(theirs - ours).max() < 1e-4 * np.abs(ours).max(), name
