"""What a metric is: a figure over a whole part of a data set, such as the share of images whose class is right.

A metric is a file of this folder, and its name is that of the file; nothing else names it. The fields of its frozen
dataclass are its arguments in a train section, `metrics: accuracy(tag, label) -> mean_iou(mask, target)`. The fields
that `reads` names say which outputs, nodes or inputs of the network it looks at.

Sums are whole numbers, or floats that are added one image after the other: no figure depends on the size of a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType

Sums: TypeAlias = Any
"""What a metric remembers of the batches so far; only the metric itself looks into it."""


class Metric:
    """A figure over batches: `begin`, then `add` for each of them, then `figure`.

    `reads` names the fields that hold names of the graph. A field named `prediction` or `label` that is empty means
    the prediction and the label of the training section. `unit` is "%" for shares, which people read in percent.
    """

    name: ClassVar[str]
    reads: ClassVar[tuple[str, ...]] = ("prediction", "label")
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = "%"

    @property
    def names(self) -> tuple[str, ...]:
        """What it reads of the graph."""
        return tuple(str(getattr(self, field)) for field in self.reads)

    def check(self, types: Mapping[str, TensorType]) -> None:
        """`types` of what is read, by field. Raises ValueError with the reason where they have no such figure."""

    def begin(self) -> Sums:
        """The sums of no batch."""
        raise NotImplementedError

    def add(self, sums: Sums, values: Mapping[str, Array]) -> Sums:
        """The sums with one batch more; `values` of what is read, by field, each (N, ...)."""
        raise NotImplementedError

    def figure(self, sums: Sums) -> float:
        """The figure of all batches."""
        raise NotImplementedError


def ahead(predictions: Array, labels: Array) -> Array:
    """(N,): how many classes come before the true one in `predictions` (N, K), `labels` (N,): those with more, and of
    those with as much the earlier ones, so that the first is what argmax gives.

    >>> ahead(np.array([[0.2, 0.4, 0.4]] * 3), np.array([0, 1, 2]))
    array([2, 0, 1])
    """
    own = np.take_along_axis(predictions, labels[:, None], axis=1)
    earlier = np.arange(predictions.shape[1]) < labels[:, None]
    return np.asarray(((predictions > own) | ((predictions == own) & earlier)).sum(axis=1))


class Share(Metric):
    """The share of what is right, of all that counts: counted in whole numbers; 0 where nothing counts."""

    def right(self, values: Mapping[str, Array]) -> Array:
        """True or false for each thing that counts."""
        raise NotImplementedError

    def begin(self) -> Sums:
        return 0, 0

    def add(self, sums: Sums, values: Mapping[str, Array]) -> Sums:
        right, counted = sums
        found = self.right(values)
        return right + int(np.count_nonzero(found)), counted + found.size

    def figure(self, sums: Sums) -> float:
        right, counted = sums
        return float(right / counted) if counted else 0.0


class Mean(Metric):
    """The mean of one number for each image (or text, or whatever the batch counts)."""

    unit = ""

    def each(self, values: Mapping[str, Array]) -> Array:
        """(N,): the number of each image."""
        raise NotImplementedError

    def begin(self) -> Sums:
        return 0.0, 0

    def add(self, sums: Sums, values: Mapping[str, Array]) -> Sums:
        total, count = sums
        numbers = np.asarray(self.each(values), np.float64)
        return float(np.add.accumulate(np.append(total, numbers))[-1]), count + len(numbers)  # one after the other

    def figure(self, sums: Sums) -> float:
        total, count = sums
        return float(total / count) if count else 0.0


class Apart(Mean):
    """The mean over all elements of a number that says how far `prediction` is from `target`, in double precision."""

    reads = ("prediction", "target")
    higher_is_better = False

    def check(self, types: Mapping[str, TensorType]) -> None:
        require_alike(types)

    def measured(self, difference: Array) -> Array:
        """The number for each element of prediction - target."""
        raise NotImplementedError

    def each(self, values: Mapping[str, Array]) -> Array:
        difference = values["prediction"].astype(np.float64) - values["target"]
        return np.asarray(self.measured(difference).reshape(len(difference), -1).mean(axis=1))


def counting(label: Array, ignore: int) -> Array:
    """Which labels count: all but `ignore`.

    >>> counting(np.array([0, 2, 1]), 2)
    array([ True, False,  True])
    """
    return np.asarray(label != ignore)


def require_classes(types: Mapping[str, TensorType]) -> None:
    """Raise ValueError unless `label` is a class for each position of `prediction`."""
    prediction, label = types["prediction"], types["label"]
    if label.vocabulary is None:
        raise ValueError(f"its label is a class, ids(...), not {label}")
    if prediction.vocabulary is not None or prediction.positions != label.positions:
        raise ValueError(f"{prediction} holds no class for each of {label}")


def require_alike(types: Mapping[str, TensorType]) -> None:
    """Raise ValueError unless `prediction` and `target` have one shape."""
    prediction, target = types["prediction"], types["target"]
    if prediction.shape != target.shape:
        raise ValueError(f"it compares numbers one by one, and {prediction} is not {target}")
