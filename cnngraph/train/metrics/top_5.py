"""The share of classes that are among the five most probable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.metrics.metric import Share, ahead, counting, require_classes

TOP = 5


@dataclass(frozen=True)
class Top5(Share):
    """The share of labels for which fewer than five classes are more probable.

        top_5 = mean_n [|{k: prediction[n, k] > prediction[n, label[n]]}| < 5]

    Of equal ones the earlier come first, as `ahead` has it.

    shapes: prediction c@positions, label ids@positions.
    fields: ignore (a class that does not count; -1: all count).
    source: Russakovsky et al.: ImageNet large scale visual recognition challenge, IJCV 2015, section 4.1.

    >>> metric = Top5()
    >>> values = {"prediction": np.arange(12.0).reshape(2, 6), "label": np.array([1, 0])}
    >>> metric.figure(metric.add(metric.begin(), values))
    0.5
    """

    prediction: str = ""
    label: str = ""
    ignore: int = -1

    name = "top_5"

    def check(self, types: Mapping[str, TensorType]) -> None:
        require_classes(types)

    def right(self, values: Mapping[str, Array]) -> Array:
        prediction, label = values["prediction"], values["label"]
        counts = counting(label, self.ignore)
        return np.asarray(ahead(prediction[counts], label[counts]) < TOP)
