"""How well labelled regions cover the true ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.metrics.metric import Metric, Sums, counting, require_classes


@dataclass(frozen=True)
class MeanIou(Metric):
    """Intersection over union, the mean over the classes that occur; the pixels of all images are counted together.

        iou[k] = pixels that are k and are called k / pixels that are k or are called k

    shapes: prediction c@positions, label ids@positions.
    fields: ignore (pixels of this class do not count; -1: all count).
    source: Long, Shelhamer, Darrell: Fully convolutional networks for semantic segmentation, CVPR 2015, section 5.

    >>> values = {"prediction": np.eye(2)[[[0, 0, 1, 1]]], "label": np.array([[0, 1, 1, 1]])}
    >>> metric = MeanIou()
    >>> round(metric.figure(metric.add(metric.begin(), values)), 4)
    0.5833
    """

    prediction: str = ""
    label: str = ""
    ignore: int = -1

    name = "mean_iou"

    def check(self, types: Mapping[str, TensorType]) -> None:
        require_classes(types)

    def begin(self) -> Sums:
        return np.zeros((0, 0), np.int64)  # [true class, called class]; as large as the classes met so far ask

    def add(self, sums: Sums, values: Mapping[str, Array]) -> Sums:
        label, prediction = values["label"], values["prediction"]
        counts = counting(label, self.ignore)
        true, called = label[counts], prediction.argmax(axis=-1)[counts]
        size = max(len(sums), prediction.shape[-1], int(true.max(initial=-1)) + 1)
        table = np.bincount(true * size + called, minlength=size * size).reshape(size, size)
        table[: len(sums), : len(sums)] += sums
        return table

    def figure(self, sums: Sums) -> float:
        both = np.diagonal(sums)
        either = sums.sum(axis=0) + sums.sum(axis=1) - both
        found = both[either > 0] / either[either > 0]
        return float(found.mean()) if len(found) else 0.0
