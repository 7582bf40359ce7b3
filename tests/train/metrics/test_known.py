"""All metrics: found by their files, checked against the network, and the same whatever the size of a batch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import cnngraph.train.metrics
from cnngraph.diagnostics import CnnGraphError, Source, Span
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import Setting, TrainingSpec, training
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.metrics.known import figure_text, known_metrics, metrics_of
from cnngraph.train.metrics.metric import Metric

FRAME = {"__init__", "known", "metric"}
TEXT = """cnn 1
net two(image: 1@8x8, wanted: 1) {
  trunk: image -> flatten
  class: trunk -> dense(10) -> softmax
  size: trunk -> dense(1)
  return class, size
}
train two { loss: cross_entropy(class, label) + mse(size, wanted) }
"""


def spec(*calls: Setting) -> TrainingSpec:
    return replace(training(load_text(TEXT)), metrics=calls)


def call(name: str, *positional: object, **named: object) -> Setting:
    text = f"{name}{positional}{named}"
    return Setting(name, positional, named, Span(Source(f"{text}.cnn", text), 0, len(text)))


def figure(metric: Metric, values: dict[str, Array], batch: int) -> float:
    sums = metric.begin()
    count = len(next(iter(values.values())))
    for start in range(0, count, batch):
        sums = metric.add(sums, {name: value[start : start + batch] for name, value in values.items()})
    return metric.figure(sums)


def test_a_file_is_a_metric_of_its_name() -> None:
    files = {path.stem for path in Path(cnngraph.train.metrics.__path__[0]).glob("*.py")} - FRAME
    assert set(known_metrics()) == files


CLASSES = {"accuracy": (5,), "top_5": (8,), "mean_iou": (4, 6, 3), "sequence_accuracy": (3, 2)}
NUMBERS = ("binary_accuracy", "mean_squared_error", "mean_absolute_error")


def examples() -> dict[str, tuple[Metric, dict[str, Array]]]:
    rng = np.random.default_rng(3)
    found: dict[str, tuple[Metric, dict[str, Array]]] = {}
    for name, (*positions, classes) in CLASSES.items():
        values = {"prediction": rng.random((23, *positions, classes), np.float32),
                  "label": rng.integers(0, classes, (23, *positions))}  # fmt: skip
        found[name] = known_metrics()[name](), values
    for name in NUMBERS:
        pair = {"prediction": rng.random((23, 3, 5), np.float32), "target": rng.random((23, 3, 5), np.float32)}
        found[name] = known_metrics()[name]("a", "b"), pair  # type: ignore[call-arg]
    return found


@pytest.mark.parametrize("name", [*CLASSES, *NUMBERS])
def test_the_size_of_a_batch_changes_no_bit(name: str) -> None:
    metric, values = examples()[name]
    whole = figure(metric, values, 23)
    assert whole > 0
    assert [figure(metric, values, batch) for batch in (1, 2, 7, 22)] == [whole] * 4


def test_figures_by_hand() -> None:
    values = {"prediction": np.eye(4)[[[0, 1, 2], [3, 3, 3]]], "label": np.array([[0, 1, 1], [3, 0, 0]])}
    known = known_metrics()
    assert figure(known["accuracy"](), values, 1) == 0.5
    assert figure(known["accuracy"](ignore=0), values, 1) == 2 / 3  # type: ignore[call-arg]
    assert figure(known["sequence_accuracy"](), values, 1) == 0
    assert figure(known["sequence_accuracy"](ignore=0), values, 1) == 0.5  # type: ignore[call-arg]
    # class 0: 1 of 3; class 1: 1 of 2; class 2: 0 of 1; class 3: 1 of 3
    assert figure(known["mean_iou"](), values, 1) == pytest.approx((1 / 3 + 1 / 2 + 0 + 1 / 3) / 4)
    assert figure(known["mean_iou"](ignore=1), values, 1) == pytest.approx((1 / 3 + 1 / 3) / 2)  # type: ignore[call-arg]
    nothing = {"prediction": values["prediction"][:0], "label": values["label"][:0]}
    assert [figure(known[name](), nothing, 1) for name in CLASSES] == [0, 0, 0, 0]


def test_without_the_key_it_is_the_accuracy_of_the_prediction() -> None:
    (metric,) = metrics_of(spec()).values()
    assert str(metric) == "Accuracy(prediction='class', label='label', ignore=-1)"
    text = TEXT.replace("cross_entropy(class, label) + ", "")
    assert metrics_of(training(load_text(text))) == {}


def test_the_key_says_which() -> None:
    one, other = call("mean_squared_error", "size", "wanted"), call("mean_squared_error", "wanted", "size")
    assert list(metrics_of(spec(call("accuracy"), one, call("top_5", label="label")))) == [
        "accuracy", "mean_squared_error", "top_5",
    ]  # fmt: skip
    twice = metrics_of(spec(one, other))
    assert list(twice) == ["mean_squared_error(size, wanted)", "mean_squared_error(wanted, size)"]


WRONG = {
    "E0101 there is no metric named acuracy": call("acuracy"),
    "E0104 mean_squared_error needs prediction, target": call("mean_squared_error"),
    "E0112 accuracy reads `tag`, which the network has not": call("accuracy", "tag"),
    "E0112 accuracy: its label is a class, ids(...), not 1": call("accuracy", "class", "wanted"),
    "E0112 mean_iou: 1@8x8 holds no class for each of ids(10)": call("mean_iou", "image"),
    "E0112 mean_squared_error: it compares numbers one by one, and 10 is not 1": call(
        "mean_squared_error", "class", "wanted"
    ),
    "E0107 accuracy has no argument threshold": call("accuracy", threshold=1),
}


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(CnnGraphError) as caught:
        metrics_of(spec(*WRONG.values()))
    assert [f"{d.code} {d.message}" for d in caught.value.diagnostics] == sorted(
        WRONG, key=lambda text: WRONG[text].span.text
    )


def test_a_net_without_classes_has_no_accuracy() -> None:
    text = TEXT.replace("cross_entropy(class, label) + ", "")
    with pytest.raises(CnnGraphError, match="accuracy needs a prediction, and no loss of this section compares cla"):
        metrics_of(replace(training(load_text(text)), metrics=(call("accuracy"),)))


def test_yes_or_no() -> None:
    metric = known_metrics()["binary_accuracy"]("a", "b", 0.25)  # type: ignore[call-arg]
    metric.check({"prediction": TensorType.of(1), "target": TensorType.ids(2)})
    with pytest.raises(ValueError, match="no probability"):
        metric.check({"prediction": TensorType.of(2), "target": TensorType.ids(2)})
    assert figure(metric, {"prediction": np.array([[0.3], [0.2]]), "target": np.array([1, 1])}, 2) == 0.5


def test_words() -> None:
    assert figure_text("mean_iou(mask, target)", 0.5) == "50.00%"
