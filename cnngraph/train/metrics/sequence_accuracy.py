"""The share of texts without one mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.metrics.metric import Share, counting, require_classes


@dataclass(frozen=True)
class SequenceAccuracy(Share):
    """The share of examples of which all positions are right.

        sequence_accuracy = mean_n [for all t: argmax_k prediction[n, t, k] = label[n, t] or label[n, t] = ignore]

    shapes: prediction c@positions, label ids@positions.
    fields: ignore (a class that may be anything, such as the padding of texts; -1: none).

    >>> prediction = np.eye(3)[[[0, 1, 2], [2, 2, 2]]]
    >>> metric = SequenceAccuracy()
    >>> metric.figure(metric.add(metric.begin(), {"prediction": prediction, "label": np.array([[0, 1, 2], [2, 2, 1]])}))
    0.5
    """

    prediction: str = ""
    label: str = ""
    ignore: int = -1

    name = "sequence_accuracy"

    def check(self, types: Mapping[str, TensorType]) -> None:
        require_classes(types)

    def right(self, values: Mapping[str, Array]) -> Array:
        label = values["label"]
        right = (values["prediction"].argmax(axis=-1) == label) | ~counting(label, self.ignore)
        return np.asarray(right.reshape(len(label), -1).all(axis=1))
