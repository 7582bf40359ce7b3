"""The mean of squared differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.train.metrics.metric import Apart


@dataclass(frozen=True)
class MeanSquaredError(Apart):
    """The mean over all elements of (prediction - target)^2, in double precision.

    shapes: prediction any, target the same.

    >>> values = {"prediction": np.array([[1.0, 2.0]]), "target": np.array([[1.0, 4.0]])}
    >>> metric = MeanSquaredError("output", "wanted")
    >>> metric.figure(metric.add(metric.begin(), values))
    2.0
    """

    prediction: str
    target: str

    name = "mean_squared_error"

    def measured(self, difference: Array) -> Array:
        return np.asarray(np.square(difference))
