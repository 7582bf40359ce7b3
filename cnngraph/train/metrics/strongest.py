"""The share of answers whose strongest feature is that of the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.metrics.metric import Share, require_alike


@dataclass(frozen=True)
class Strongest(Share):
    """Accuracy where the target is a number for each class, not the name of one.

        strongest = mean_n [ argmax_k prediction[n, k] = argmax_k target[n, k] ]

    shapes: prediction c@positions, target the same.

    >>> values = {"prediction": np.array([[0.2, 0.3], [0.4, 0.1]]), "target": np.array([[0.0, 0.5], [0.0, 0.5]])}
    >>> metric = Strongest("evidence", "target")
    >>> metric.figure(metric.add(metric.begin(), values))
    0.5
    """

    prediction: str
    target: str

    name = "strongest"
    reads = ("prediction", "target")

    def check(self, types: Mapping[str, TensorType]) -> None:
        require_alike(types)

    def right(self, values: Mapping[str, Array]) -> Array:
        return np.asarray(values["prediction"].argmax(axis=-1) == values["target"].argmax(axis=-1))
