"""The mean of differences without their sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.metrics.metric import Mean, require_alike


@dataclass(frozen=True)
class MeanAbsoluteError(Mean):
    """The mean over all elements of |prediction - target|, in double precision.

    shapes: prediction any, target the same.

    >>> values = {"prediction": np.array([[1.0, 2.0]]), "target": np.array([[1.0, 4.0]])}
    >>> metric = MeanAbsoluteError("output", "wanted")
    >>> metric.figure(metric.add(metric.begin(), values))
    1.0
    """

    prediction: str
    target: str

    name = "mean_absolute_error"
    reads = ("prediction", "target")
    higher_is_better = False

    def check(self, types: Mapping[str, TensorType]) -> None:
        require_alike(types)

    def each(self, values: Mapping[str, Array]) -> Array:
        apart = values["prediction"].astype(np.float64) - values["target"]
        return np.asarray(np.abs(apart).reshape(len(apart), -1).mean(axis=1))
