"""The share of classes that are right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.metrics.metric import Share, counting, require_classes


@dataclass(frozen=True)
class Accuracy(Share):
    """The share of labels that have the largest feature: of images, or of all pixels or words.

        accuracy = mean_n [argmax_k prediction[n, k] = label[n]],   n: all positions with label[n] != ignore

    shapes: prediction c@positions, label ids@positions.
    fields: ignore (a class that does not count, such as the padding of texts; -1: all count).

    >>> prediction, label = np.array([[0.2, 0.8], [0.9, 0.1], [0.7, 0.3]]), np.array([1, 0, 1])
    >>> metric = Accuracy()
    >>> round(metric.figure(metric.add(metric.begin(), {"prediction": prediction, "label": label})), 4)
    0.6667
    """

    prediction: str = ""
    label: str = ""
    ignore: int = -1

    name = "accuracy"

    def check(self, types: Mapping[str, TensorType]) -> None:
        require_classes(types)

    def right(self, values: Mapping[str, Array]) -> Array:
        label = values["label"]
        return np.asarray(values["prediction"].argmax(axis=-1) == label)[counting(label, self.ignore)]
