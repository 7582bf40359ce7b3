"""How good a network is on images it has not learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from cnngraph.data.class_names import class_name
from cnngraph.data.dataset import Dataset, Part
from cnngraph.diagnostics import error
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.partition.device import Cluster
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.runtime.pipeline import Pipeline
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import DEFAULT, Settings
from cnngraph.train.feeds import Feeder, batch_size, cut, feeder
from cnngraph.train.metrics.known import figure_text, metrics_of, place_of
from cnngraph.train.metrics.metric import ahead
from cnngraph.train.noise import TESTS, noise_of
from cnngraph.train.step import figures_only

TOP = 5
SHOWN = 5  # pairs of classes that are confused, in the printed form


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Figures over `count` samples. `top_5` is the part of labels whose class is among the five most probable.

    A sample has one label, or several: `labels` of them were compared in all. `confusion[i, j]` counts labels of class
    i taken for class j, where classes have names. Where no output holds classes, only the loss is known, and the
    `metrics` of the train section.
    """

    count: int
    loss: float
    correct: int | None = None
    top_5: float | None = None
    confusion: Array | None = None
    class_names: tuple[str, ...] = ()
    labels: int | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def accuracy(self) -> float | None:
        return None if self.correct is None else self.correct / self._compared

    @property
    def errors(self) -> int | None:
        return None if self.correct is None else self._compared - self.correct

    @property
    def _compared(self) -> int:
        return self.labels or self.count

    def __str__(self) -> str:
        figures, told = [f"loss {self.loss:.4f}"], tuple[str, ...]()
        if self.correct is not None:
            errors = "1 error" if self.errors == 1 else f"{self.errors} errors"
            figures += [f"accuracy {self.accuracy:.2%} ({errors})", f"top-5 {self.top_5:.2%}"]
            told = ("accuracy", "top_5")
        figures += [f"{name} {figure_text(name, value)}" for name, value in self.metrics.items() if name not in told]
        return "\n".join([f"{self.count} images: {', '.join(figures)}", *self._confusions()])

    def _confusions(self) -> list[str]:
        """The classes that are taken for each other most often."""
        if self.confusion is None:
            return []
        names, counts = self.class_names, self.confusion
        return [
            f"  {counts[i, j]:4} of {counts[i].sum()}: {class_name(names, i)} taken for {class_name(names, j)}"
            for i, j in confused(counts, SHOWN)
        ]


def confused(counts: Array, most: int) -> list[tuple[int, int]]:
    """The pairs of different classes (i, j), of which most labels of class i were taken for j, `counts[i, j]`.

    >>> confused(np.array([[8, 2, 0], [3, 5, 0]]), 3)
    [(1, 0), (0, 1)]
    """
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    places = np.argsort(-wrong, axis=None, kind="stable")[:most]
    return [divmod(place, wrong.shape[1]) for place in places.tolist() if wrong.flat[place]]


class Tester:
    """What runs the inference form of a network with its loss (`test_graph`), over whole parts of data."""

    def __init__(self, spec: TrainingSpec, feeds: Feeder, runner: Runner | Pipeline) -> None:
        self._prediction, self._label, self._feeds, self._runner = spec.prediction, spec.label, feeds, runner
        self._metrics, self._noise = metrics_of(spec), noise_of(spec)

    def take(self, states: Mapping[str, Array]) -> None:
        """Go on with the values of these states."""
        self._runner.take(states)

    def run(self, part: Part, batch: int, class_names: tuple[str, ...]) -> Evaluation:
        """All of `part`, `batch` samples at a time."""
        loss, compared = 0.0, _Compared(class_names)
        sums = {called: metric.begin() for called, metric in self._metrics.items()}
        for number, indices in enumerate(cut(np.arange(len(part)), batch)):
            feeds = self._feeds.feeds(part, indices)
            feeds |= self._noise.values(feeds, TESTS, number)
            values = {**feeds, **self._runner.run(feeds)}
            loss += float(values["loss"]) * len(indices)
            if self._prediction:
                compared.add(values[self._prediction], feeds[self._label])
            for called, metric in self._metrics.items():
                read = (values[name] if name in values else _column(part, name, indices) for name in metric.names)
                sums[called] = metric.add(sums[called], dict(zip(metric.reads, read, strict=True)))
        figures = {called: metric.figure(sums[called]) for called, metric in self._metrics.items()}
        return replace(compared.evaluation(len(part), loss / len(part)), metrics=figures)


def evaluate(
    spec: TrainingSpec,
    data: Dataset,
    states: Mapping[str, Array],
    cluster: Cluster | None = None,
    settings: Settings = DEFAULT,
) -> Evaluation:
    """The network with these states on the test part of `data`.

    Raises E0702 where the data does not fit, E0703 where a state is missing.
    """
    tester = Tester(spec, feeder(spec, data), Runner(test_graph(spec), states, cluster, settings))
    return tester.run(data.test, batch_size(spec), data.class_names)


def test_graph(spec: TrainingSpec) -> Graph:
    """The inference form of the network, with its loss, its prediction, and what its metrics read."""
    graph, fed = spec.graph, {node.name for node in spec.graph.inputs}
    read = {name: place_of(graph, name) for metric in metrics_of(spec).values() for name in metric.names}
    shown = {name: ref for name, ref in read.items() if ref is not None and ref.node not in fed}
    whole = replace(graph, outputs={**graph.outputs, **shown})
    return run(figures_only(whole, spec.prediction, *shown), INFERENCE)


def _column(part: Part, name: str, indices: Array) -> Array:
    """The values of an input that only a metric reads. Raises E0702 where the data has none."""
    if name not in part.columns:
        raise error("E0702", f"a metric reads {name}, and the data has {', '.join(part.columns)}")
    return part.columns[name][indices]


class _Compared:
    """What is counted while predictions are compared with labels."""

    def __init__(self, class_names: tuple[str, ...]) -> None:
        self.class_names = class_names
        self.labels = self.correct = self.in_top = 0
        self.confusion: Array | None = None

    def add(self, probabilities: Array, labels: Array) -> None:
        """`probabilities` (N, positions..., classes) against `labels` (N, positions...)."""
        probabilities, labels = probabilities.reshape(-1, probabilities.shape[-1]), labels.reshape(-1)
        predicted = probabilities.argmax(axis=1)
        self.labels += len(labels)
        self.correct += int((predicted == labels).sum())
        self.in_top += int((ahead(probabilities, labels) < TOP).sum())
        if self.class_names and self.confusion is None:
            self.confusion = np.zeros((len(self.class_names), probabilities.shape[1]), np.int64)
        if self.confusion is not None:
            np.add.at(self.confusion, (labels, predicted), 1)

    def evaluation(self, count: int, loss: float) -> Evaluation:
        if not self.labels:
            return Evaluation(count, loss)
        top = self.in_top / self.labels
        return Evaluation(count, loss, self.correct, top, self.confusion, self.class_names, self.labels)
