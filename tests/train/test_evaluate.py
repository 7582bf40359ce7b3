"""What an evaluation prints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cnngraph import loads
from cnngraph.data.dataset import Dataset, Part
from cnngraph.diagnostics import CnnGraphError, Source, Span
from cnngraph.elaborate.training import Setting
from cnngraph.train.evaluate import Evaluation, evaluate


def test_figures_and_the_classes_that_are_confused() -> None:
    confusion = np.array([[8, 2, 0], [0, 9, 0], [1, 0, 5]])
    text = str(Evaluation(25, 0.25, 22, 1.0, confusion, ("cat", "dog", "owl")))
    assert text.splitlines() == [
        "25 images: loss 0.2500, accuracy 88.00% (3 errors), top-5 100.00%",
        "     2 of 10: cat taken for dog",
        "     1 of 6: owl taken for cat",
    ]


def test_only_a_loss() -> None:
    assert str(Evaluation(3, 0.5)) == "3 images: loss 0.5000"


def test_metrics_are_told_once() -> None:
    metrics = {"accuracy": 0.5, "mean_iou": 0.25, "mean_squared_error(a, b)": 2.0}
    told = str(Evaluation(4, 0.5, 2, 1.0, metrics=metrics))
    assert told == (
        "4 images: loss 0.5000, accuracy 50.00% (2 errors), top-5 100.00%, mean_iou 25.00%, "
        "mean_squared_error(a, b) 2.0000"
    )
    assert str(Evaluation(4, 0.5, metrics={"accuracy": 0.5})) == "4 images: loss 0.5000, accuracy 50.00%"


TWO = """cnn 1
net two(image: 1@4x4, wanted: 2, marked: 1) {
  hidden: image -> flatten -> dense(3) -> relu
  size: hidden -> dense(2)
  alike: hidden -> dense(1) -> sigmoid
  return size, alike
}
train two { loss: mse(size, wanted) }
"""


def test_metrics_read_outputs_nodes_inputs_and_columns_of_the_data() -> None:
    numbers = np.random.default_rng(0)
    part = Part({
        "image": numbers.random((9, 4, 4, 1), np.float32),
        "wanted": numbers.random((9, 2), np.float32),
        "marked": (numbers.random((9, 1)) < 0.5).astype(np.float32),
    })  # fmt: skip
    net = loads(TWO)
    calls = [("binary_accuracy", "alike", "marked"), ("mean_absolute_error", "size", "wanted"),
             ("mean_squared_error", "hidden", "hidden")]  # fmt: skip
    span = Span(Source("two.cnn", TWO), 0, 3)
    settings = tuple(Setting(name, tuple(names), {}, span) for name, *names in calls)
    spec = replace(net.training, metrics=settings, batch=4)
    first = net(part.columns["image"], fetch=["size", "alike"])
    found = evaluate(spec, Dataset(part, part, (), None), net.states)
    assert found.metrics["binary_accuracy"] == ((first["alike"] > 0.5) == part.columns["marked"]).mean()
    assert found.metrics["mean_absolute_error"] == pytest.approx(abs(first["size"] - part.columns["wanted"]).mean())
    assert found.metrics["mean_squared_error"] == 0
    less = Part({name: column for name, column in part.columns.items() if name != "marked"})
    with pytest.raises(CnnGraphError, match=r"E0702.*a metric reads marked, and the data has image, wanted"):
        evaluate(spec, Dataset(less, less, (), None), net.states)
