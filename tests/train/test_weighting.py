"""Weights of classes: balanced by the labels, or given; the loss and its gradients are PyTorch's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cnngraph.data.dataset import Dataset, Part
from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import TrainingSpec, training
from cnngraph.ops.sgd import Sgd
from cnngraph.train.feeds import feeder
from cnngraph.train.fit import fit
from cnngraph.train.weighting import weighted

TEXT = """cnn 1
net tiny(x: 4) {
  class: dense(3) -> softmax
}
train tiny { loss: LOSS; optimizer: sgd(lr = 0.5); epochs: 1; batch: 64; KEY }
"""
LABELS = np.array([0] * 40 + [1] * 20 + [2] * 4)


def spec(key: str, loss: str = "cross_entropy(class, label)") -> TrainingSpec:
    return training(load_text(TEXT.replace("KEY", key).replace("LOSS", loss)))


@pytest.fixture(scope="module")
def data() -> Dataset:
    part = Part({"x": np.random.default_rng(5).normal(size=(64, 4)).astype(np.float32), "label": LABELS})
    return Dataset(part, part, ("a", "b", "c"))


def weights_in(key: str, data: Dataset, loss: str = "cross_entropy(class, label)") -> list[tuple[float, ...]]:
    read = spec(key, loss)
    return [node.op.class_weights for node in weighted(read, data, feeder(read, data)).graph if node.op.loss]  # type: ignore[attr-defined]


def test_balanced_is_the_inverse_of_how_many_there_are(data: Dataset) -> None:
    (found,) = weights_in("class_weights: balanced", data)
    assert found == pytest.approx((64 / 3 / 40, 64 / 3 / 20, 64 / 3 / 4))
    assert sum(weight * count for weight, count in zip(found, (40, 20, 4), strict=True)) == pytest.approx(64)


def test_numbers(data: Dataset) -> None:
    loss = "cross_entropy(class, label) + 0.3 * cross_entropy(class, label, smoothing = 0.1)"
    assert weights_in("class_weights: [1, 2, 0.5]", data, loss) == [(1.0, 2.0, 0.5)] * 2
    assert weights_in("seed: 1", data) == [()]


@pytest.mark.parametrize("key", ["balanced", "[1, 2, 0.5]"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_step_is_that_of_pytorch(data: Dataset, key: str, smoothing: float) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
    read = spec(f"class_weights: {key}", f"cross_entropy(class, label, smoothing = {smoothing})")
    weights = weights_in(f"class_weights: {key}", data)[0]
    first = fit(read, data, epochs=0).states
    w, b = (torch.tensor(first[f"class.dense.{name}"], requires_grad=True) for name in ("weight", "bias"))
    x, label = (torch.tensor(data.train.columns[name][np.arange(64)]) for name in ("x", "label"))
    function = torch.nn.CrossEntropyLoss(weight=torch.tensor(weights, dtype=torch.float32), label_smoothing=smoothing)
    loss = function(x @ w + b, label)
    loss.backward()
    after = fit(read, data)
    assert after.rows[0].loss == pytest.approx(loss.item(), rel=1e-5)
    for name, value in (("weight", w), ("bias", b)):
        wanted = (value - 0.5 * value.grad).detach().numpy()
        np.testing.assert_allclose(after.states[f"class.dense.{name}"], wanted, rtol=1e-5, atol=1e-6)


def test_tests_count_all_alike(data: Dataset) -> None:
    still = [replace(spec(key), optimizer=Sgd(lr=0.0)) for key in ("seed: 0", "class_weights: balanced")]
    (plain,), (balanced,) = (fit(read, data).rows for read in still)
    assert plain.test_loss == balanced.test_loss == pytest.approx(plain.loss)
    assert plain.loss != balanced.loss


def refused(key: str, data: Dataset, loss: str = "cross_entropy(class, label)") -> str:
    with pytest.raises(CnnGraphError) as caught:
        weights_in(key, data, loss)
    return str(caught.value)


def test_what_does_not_fit(data: Dataset) -> None:
    assert "2 class_weights for 3 channels" in refused("class_weights: [1, 2]", data)
    assert "did you mean balanced?" in refused("class_weights: balansed", data)
    both = "cross_entropy(class, label, class_weights = (1, 2, 3))"
    assert "has class_weights already" in refused("class_weights: balanced", data, both)
    assert "no loss that compares classes" in refused("class_weights: balanced", data, "mse(class, class)")
