"""The share of yes-or-no answers that are right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.metrics.metric import Share, require_alike


@dataclass(frozen=True)
class BinaryAccuracy(Share):
    """The share of probabilities on the right side of a threshold.

        binary_accuracy = mean_n [(prediction[n] > threshold) = (target[n] > 1/2)],   n: all elements

    shapes: prediction any, target the same; or prediction 1@positions, target ids@positions.
    fields: threshold (above it the answer is yes).

    >>> values = {"prediction": np.array([[0.7], [0.4], [0.6]]), "target": np.array([[1.0], [1.0], [0.0]])}
    >>> metric = BinaryAccuracy("answer", "truth")
    >>> round(metric.figure(metric.add(metric.begin(), values)), 4)
    0.3333
    """

    prediction: str
    target: str
    threshold: float = 0.5

    name = "binary_accuracy"
    reads = ("prediction", "target")

    def check(self, types: Mapping[str, TensorType]) -> None:
        prediction, target = types["prediction"], types["target"]
        if target.vocabulary is None:
            require_alike(types)
        elif prediction.channels != 1 or prediction.positions != target.positions:
            raise ValueError(f"{prediction} holds no probability for each of {target}")

    def right(self, values: Mapping[str, Array]) -> Array:
        prediction, target = values["prediction"], values["target"]
        return np.asarray((prediction > self.threshold) == (target.reshape(prediction.shape) > 0.5))
