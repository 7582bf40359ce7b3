"""How many joints of a pose are about where they should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.metrics.metric import Share, require_alike


@dataclass(frozen=True)
class Pck(Share):
    """The percentage of correct keypoints: joints no farther from their place than `within` sides of the picture.

        pck = mean over joints [ |prediction - target| <= 2 * within ],    x and y from -1 to 1

    shapes: prediction 2n: x and y of each joint in turn, from -1 (left, top) to 1 (right, bottom); target the same.
    fields: within (0 < within <= 1).
    source: Yang, Ramanan: Articulated human detection with flexible mixtures of parts, 2013, section 7.2, by the side
            of the picture instead of the person.

    >>> values = {"prediction": np.array([[0.0, 0.0, 0.5, 0.5]]), "target": np.array([[0.1, 0.0, 0.9, 0.5]])}
    >>> metric = Pck("pose", "target", within=0.1)
    >>> metric.figure(metric.add(metric.begin(), values))
    0.5
    """

    prediction: str
    target: str
    within: float = 0.05

    name = "pck"
    reads = ("prediction", "target")

    def __post_init__(self) -> None:
        if not 0 < self.within <= 1:
            raise ValueError(f"within is above 0 and at most 1, not {self.within}")

    def check(self, types: Mapping[str, TensorType]) -> None:
        require_alike(types)
        channels = types["prediction"].channels
        if types["prediction"].positions or not isinstance(channels, int) or channels % 2:
            raise ValueError(f"joints are two numbers each, not {types['prediction']}")

    def right(self, values: Mapping[str, Array]) -> Array:
        apart = (values["prediction"] - values["target"]).reshape(len(values["target"]), -1, 2)
        return np.asarray(np.hypot(apart[..., 0], apart[..., 1]) <= 2 * self.within)
