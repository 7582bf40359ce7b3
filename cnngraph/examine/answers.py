"""What a trained net says of each image of a data set, and the figures that follow: errors, confusions, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cnngraph.data.class_names import class_name
from cnngraph.data.dataset import IMAGE, Dataset, Part, Preprocessing
from cnngraph.data.patches import ten_patches
from cnngraph.data.picture import resized
from cnngraph.diagnostics import error
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.examine.classifier import AROUND
from cnngraph.ir.op import Array
from cnngraph.net import Net
from cnngraph.runtime.runner import Runner
from cnngraph.train.evaluate import test_graph
from cnngraph.train.feeds import Change, batch_size, cut, feeder
from cnngraph.train.metrics.metric import ahead

BINS = 15
OFTEN = 3.0  # so many times as often as if errors were spread evenly


@dataclass(frozen=True, eq=False)
class Answers:
    """Probabilities (N, K) of the classes and the true ones, `labels` (N,), for N images (or pixels, or words)."""

    probabilities: Array
    labels: Array
    class_names: tuple[str, ...]

    def name(self, number: int) -> str:
        """What a class is called."""
        return class_name(self.class_names, number)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What all classes are called."""
        return tuple(self.name(k) for k in range(self.probabilities.shape[1]))

    @cached_property
    def predicted(self) -> Array:
        """(N,): the most probable class of each image."""
        found: Array = self.probabilities.argmax(axis=1)
        return found

    @property
    def accuracy(self) -> float:
        return float((self.predicted == self.labels).mean())

    def error_within(self, count: int) -> float:
        """The top-`count` error: the share of images whose class is not among the `count` most probable ones."""
        return float((ahead(self.probabilities, self.labels) >= count).mean())

    @cached_property
    def confusion(self) -> Array:
        """(K, K): how many images of class i (row) were taken for class j (column)."""
        found = np.zeros((len(self.names),) * 2, np.int64)
        np.add.at(found, (self.labels, self.predicted), 1)
        return found

    def by_class(self) -> dict[str, Array]:
        """For each class k, (K,): its images, those taken for it, and

            precision = n_kk / sum_i n_ik,    recall = n_kk / sum_j n_kj,
            F1 = 2 precision recall / (precision + recall) = 2 n_kk / (sum_i n_ik + sum_j n_kj)

        A figure whose divisor is 0 is 0.
        """
        right, images, taken = self.confusion.diagonal(), self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        return {
            "images": images,
            "taken": taken,
            "precision": right / np.maximum(taken, 1),
            "recall": right / np.maximum(images, 1),
            "f1": 2 * right / np.maximum(images + taken, 1),
        }

    def confusion_sets(self, often: float = OFTEN) -> tuple[tuple[int, ...], ...]:
        """Sets of classes that are taken for each other; classes that are confused with no other are in none.

        Of the images of two classes i and j, r_ij = (n_ij + n_ji) / (n_i + n_j) are taken for the other one. Were the
        errors spread evenly, that would be E / (K - 1), with the error rate E and K classes. The two are joined if

            r_ij > often * E / (K - 1)

        and a set is what is joined, by one pair or a chain of them. The largest set comes first.
        """
        n, images = self.confusion, self.confusion.sum(axis=1)
        even = (1 - self.accuracy) / max(len(self.names) - 1, 1)
        joined = n + n.T > often * even * np.add.outer(images, images)
        sets = [part for part in _connected(joined) if len(part) > 1]
        return tuple(sorted(sets, key=lambda part: (-len(part), part)))

    def calibration_error(self, bins: int = BINS) -> float:
        """How far the probability of the predicted class is from the share of images where it is right:

            ECE = sum_b |B_b| / N * |accuracy(B_b) - confidence(B_b)|

        over `bins` equal intervals of that probability, images with equal ones together.

        source: Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks, ICML 2017, equation 3.
        """
        confidence = self.probabilities.max(axis=1).astype(np.float64)
        right = self.predicted == self.labels
        place = np.minimum((confidence * bins).astype(np.intp), bins - 1)
        gaps = np.bincount(place, weights=right - confidence, minlength=bins)
        return float(np.abs(gaps).sum() / len(right))

    def reliability(self, bins: int = BINS) -> tuple[Array, Array, Array]:
        """Of each interval of that probability that has images: its mean there, the share that is right, how many.

        source: DeGroot, Fienberg: The comparison and evaluation of forecasters, 1983 (reliability diagrams).
        """
        confidence = self.probabilities.max(axis=1).astype(np.float64)
        place = np.minimum((confidence * bins).astype(np.intp), bins - 1)
        counts = np.bincount(place, minlength=bins)
        there = counts > 0
        sums = (np.bincount(place, each, bins)[there] for each in (confidence, self.predicted == self.labels))
        sure, right = (each / counts[there] for each in sums)
        return sure, right, counts[there]

    def worst(self, count: int) -> Array:
        """Which images were taken for another class, the most probable mistake first."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        order = np.argsort(-self.probabilities.max(axis=1)[wrong], kind="stable")
        found: Array = wrong[order[:count]]
        return found


class Examiner:
    """Asks a trained net about the images of a data set, changed or not.

    Raises E0702 where the net has no classes, or the data does not fit it.
    """

    def __init__(self, net: Net, data: Dataset) -> None:
        self.spec = net.training
        if not self.spec.prediction:
            raise error("E0702", f"no loss of {net.name} compares an output with classes")
        self.data, self.batch = data, batch_size(self.spec)
        self.feeds = feeder(self.spec, data)
        graph = test_graph(self.spec)
        self.runner = Runner(graph, states_of(net, [node.name for node in graph.states]), settings=net.settings)

    def answers(self, part: Part | None = None, change: Change | None = None, patches: str = "none") -> Answers:
        """What the net says of each image of `part`, by default the test part.

        `change` makes other pictures of them. With `patches` ("centre", "ten") pieces of each are asked about, and the
        probabilities averaged: see `pieces`. Raises E0702 for either where labels belong to places of the picture.
        """
        if change is not None or patches != "none":
            require_whole_answer(self.spec, "changed")
        part = self.data.test if part is None else part
        labels = part.columns[self.feeds.columns[self.spec.label]]
        outputs = []
        for indices in cut(np.arange(len(part)), self.batch):
            views = self._views(part, indices, change, patches)
            outputs.append(np.mean([self._probabilities(view, indices, c) for view, c in views], axis=0))
        probabilities = np.concatenate(outputs)
        flat = probabilities.reshape(-1, probabilities.shape[-1])
        return Answers(flat, labels[np.arange(len(part))].reshape(-1), self.data.class_names)

    def _views(
        self, part: Part, indices: Array, change: Change | None, patches: str
    ) -> Sequence[tuple[Part, Change | None]]:
        if patches == "none":
            return [(part, change)]
        if IMAGE not in self.feeds.columns.values() or self.feeds.preprocessing is None:
            raise error("E0702", "pieces are cut from pictures, which this net does not see")
        how = self.feeds.preprocessing
        images = part.columns[IMAGE][indices]
        images = images if change is None else change(images, indices)
        cuts = pieces(images, how, patches)

        def cut_out(number: int) -> Change:
            return lambda images, indices: cuts[:, number]

        return [(part, cut_out(number)) for number in range(cuts.shape[1])]

    def _probabilities(self, part: Part, indices: Array, change: Change | None) -> Array:
        values = self.runner.run(self.feeds.feeds(part, indices, change), [self.spec.prediction])
        return values[self.spec.prediction].astype(np.float64)


def examined(net: Net, data: Dataset | None = None, patches: str = "none") -> Answers:
    """What a net with its weights of now says of the test part of its data."""
    return Examiner(net, data or net.data()).answers(patches=patches)


def _connected(joined: Array) -> list[tuple[int, ...]]:
    """Which of K things are joined, by a pair or a chain of pairs of the matrix (K, K), each set in order.

    >>> _connected(np.eye(3, dtype=bool) | (np.add.outer([0, 1, 2], [0, 1, 2]) == 2))
    [(0, 2), (1,)]
    """
    left, found = set(range(len(joined))), []
    while left:
        part, border = set[int](), {min(left)}
        while border:
            part |= border
            border = set(np.flatnonzero(joined[sorted(border)].any(axis=0)).tolist()) - part
        found.append(tuple(sorted(part)))
        left -= part
    return found


def pieces(images: Array, how: Preprocessing, patches: str) -> Array:
    """(N, 1 or 10, H, W, C): the "centre", or "ten" pieces: corners and centre, and their mirror images.

    Where training cut pieces out of larger pictures, they are as large as those; else the pictures are first made an
    eighth larger (for the centre they stay).
    """
    height, width, _ = how.shape
    if how.frame is None and patches == "ten":
        sides = (round(height * AROUND), round(width * AROUND))
        images = np.stack([resized(image, *sides) for image in images])
    height, width = min(height, images.shape[1]), min(width, images.shape[2])
    found = ten_patches(images, height, width)
    return found[:, 4:5] if patches == "centre" else found


def require_whole_answer(spec: TrainingSpec, what: str) -> None:
    """Raises E0702 unless a net tells one class of a whole picture: those of places move when the picture does."""
    type_ = spec.graph.type_of(spec.graph.outputs[spec.prediction])
    if type_.positions:
        message = f"{spec.graph.name} tells a class at each position ({type_}), so that its pictures cannot be {what}"
        raise error("E0702", message, "that is for nets with one class for a picture")


def states_of(net: Net, names: Sequence[str]) -> dict[str, Array]:
    """The weights of a trained net. Raises E0703 where some are missing."""
    if missing := [name for name in names if name not in net.states]:
        raise error("E0703", f"{net.name} has no weights: {missing[0]} is missing", "load or train them first")
    return {name: net.states[name] for name in names}
