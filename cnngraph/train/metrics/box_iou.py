"""How well predicted boxes lie on the true ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.boxes import corners, overlap
from cnngraph.train.metrics.metric import Mean, require_alike


@dataclass(frozen=True)
class BoxIou(Mean):
    """Intersection over union of one box for each picture, the mean over pictures.

        iou = area of what both boxes hold / area of what at least one of them holds

    shapes: prediction 4: x and y of the left upper corner, width, height; target the same.
    source: Everingham et al.: The Pascal visual object classes challenge, 2010, section 4.2.

    >>> values = {"prediction": np.array([[0.0, 0.0, 0.5, 0.5]]), "target": np.array([[0.0, 0.0, 0.5, 1.0]])}
    >>> metric = BoxIou("box", "target")
    >>> metric.figure(metric.add(metric.begin(), values))
    0.5
    """

    prediction: str
    target: str

    name = "box_iou"
    unit = "%"
    reads = ("prediction", "target")

    def check(self, types: Mapping[str, TensorType]) -> None:
        require_alike(types)
        if types["prediction"].channels != 4 or types["prediction"].positions:
            raise ValueError(f"a box is four numbers, not {types['prediction']}")

    def each(self, values: Mapping[str, Array]) -> Array:
        prediction, target = (corners(values[name].astype(np.float64)) for name in self.reads)
        return overlap(prediction, target)
