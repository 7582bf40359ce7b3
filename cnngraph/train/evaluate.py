"""How good a network is on images it has not learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from cnngraph.data.dataset import Dataset, Part
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.partition.device import Cluster
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.passes.prune import prune
from cnngraph.runtime.pipeline import Pipeline
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import DEFAULT, Settings
from cnngraph.train.feeds import Feeder, batch_size, cut, feeder

TOP = 5
SHOWN = 5  # pairs of classes that are confused, in the printed form


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Figures over `count` images. `top_5` is the part of images whose class is among the five most probable.

    `confusion[i, j]` counts the images of class i taken for class j. Where no output holds classes, only the loss is
    known.
    """

    count: int
    loss: float
    correct: int | None = None
    top_5: float | None = None
    confusion: Array | None = None
    class_names: tuple[str, ...] = ()

    @property
    def accuracy(self) -> float | None:
        return None if self.correct is None else self.correct / self.count

    @property
    def errors(self) -> int | None:
        return None if self.correct is None else self.count - self.correct


    def __str__(self) -> str:
        if self.correct is None or self.confusion is None:
            return f"{self.count} images: loss {self.loss:.4f}"
        errors = "1 error" if self.errors == 1 else f"{self.errors} errors"
        figures = f"loss {self.loss:.4f}, accuracy {self.accuracy:.2%} ({errors}), top-5 {self.top_5:.2%}"
        return "\n".join([f"{self.count} images: {figures}", *self._confusions()])

    def _confusions(self) -> list[str]:
        """The classes that are taken for each other most often."""
        assert self.confusion is not None
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        most = np.argsort(-wrong, axis=None, kind="stable")[:SHOWN]
        pairs = [np.unravel_index(i, wrong.shape) for i in most if wrong.flat[i]]
        names = [self.class_names[i] if i < len(self.class_names) else str(i) for i in range(wrong.shape[1])]
        return [f"  {wrong[i, j]:4} of {self.confusion[i].sum()}: {names[i]} taken for {names[j]}" for i, j in pairs]


class Tester:
    """What runs the inference form of a network with its loss (`test_graph`), over whole parts of data."""

    def __init__(self, spec: TrainingSpec, feeds: Feeder, runner: Runner | Pipeline) -> None:
        self._prediction, self._feeds, self._runner = spec.prediction, feeds, runner

    def take(self, states: Mapping[str, Array]) -> None:
        """Go on with the values of these states."""
        self._runner.take(states)

    def run(self, part: Part, batch: int, class_names: tuple[str, ...]) -> Evaluation:
        """All of `part`, `batch` images at a time."""
        loss, outputs = 0.0, []
        for indices in cut(np.arange(len(part)), batch):
            values = self._runner.run(self._feeds.feeds(part.images[indices], part.labels[indices]))
            loss += float(values["loss"]) * len(indices)
            outputs += [values[self._prediction]] if self._prediction else []
        mean = loss / len(part)
        if not outputs:
            return Evaluation(len(part), mean)
        return _compared(np.concatenate(outputs), part.labels, mean, class_names)


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
    """The inference form of the network, with its loss and its prediction."""
    return run(figures_only(spec.graph, spec.prediction), INFERENCE)


def figures_only(graph: Graph, prediction: str) -> Graph:
    """The graph without the outputs that nobody reads while training: only `loss`, and `prediction` if there is one."""
    names = ("loss", prediction) if prediction else ("loss",)
    return prune(replace(graph, outputs={name: graph.outputs[name] for name in names}))


def _compared(probabilities: Array, labels: Array, loss: float, class_names: tuple[str, ...]) -> Evaluation:
    """`probabilities` (N, classes) against `labels` (N,)."""
    predicted = probabilities.argmax(axis=1)
    own = np.take_along_axis(probabilities, labels[:, None], axis=1)
    ahead = (probabilities > own).sum(axis=1)  # classes that are more probable than the true one
    confusion = np.zeros((len(class_names), probabilities.shape[1]), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    correct = int((predicted == labels).sum())
    return Evaluation(len(labels), loss, correct, float((ahead < TOP).mean()), confusion, class_names)
