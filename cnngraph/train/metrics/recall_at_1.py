"""How often the nearest of all is the right one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.metrics.metric import Metric, Sums, require_alike

ROWS = 256  # so many are compared with all at once


@dataclass(frozen=True)
class RecallAt1(Metric):
    """The share of predictions whose nearest target, of those of all rows, is the one of their own row.

        recall_at_1 = mean_n [ argmin_m |prediction[n] - target[m]| = n ]

    Every row is of another thing, so that a guess is right for one of all rows. All vectors are kept until the end.

    shapes: prediction c, target c.
    source: Jegou, Douze, Schmid: Product quantization for nearest neighbor search, 2011, section 5.1 (R = 1).

    >>> values = {"prediction": np.eye(3), "target": np.array([[0.9, 0, 0], [0, 0.8, 0], [0, 0.9, 0.1]])}
    >>> metric = RecallAt1("product", "bought_with")
    >>> round(metric.figure(metric.add(metric.begin(), values)), 4)
    0.6667
    """

    prediction: str
    target: str

    name = "recall_at_1"
    reads = ("prediction", "target")

    def check(self, types: Mapping[str, TensorType]) -> None:
        require_alike(types)
        if types["prediction"].positions:
            raise ValueError(f"it compares vectors, not {types['prediction']}")

    def begin(self) -> Sums:
        return ()

    def add(self, sums: Sums, values: Mapping[str, Array]) -> Sums:
        return *sums, (values["prediction"], values["target"])

    def figure(self, sums: Sums) -> float:
        if not sums:
            return 0.0
        prediction, target = (np.concatenate(side).astype(np.float64) for side in zip(*sums, strict=True))
        return float(np.mean(nearest(prediction, target) == np.arange(len(target))))


def nearest(queries: Array, keys: Array) -> Array:
    """For each query (N, C) the row of the nearest key (M, C), in parts that need little memory."""
    lengths = np.square(keys).sum(axis=1)
    parts = [queries[start : start + ROWS] for start in range(0, len(queries), ROWS)]
    return np.concatenate([(lengths - 2 * part @ keys.T).argmin(axis=1) for part in parts])
