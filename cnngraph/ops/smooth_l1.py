"""Smooth absolute error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.mse import like_prediction, pair_samples, require_alike


@dataclass(frozen=True)
class SmoothL1(Op):
    """Smooth absolute error: a parabola near 0, a line elsewhere, so that one wrong box does not rule the gradient.

        loss = mean s(prediction - target),    s(d) = d^2 / (2 beta) where |d| < beta, |d| - beta / 2 elsewhere

    shapes: prediction any, target the same -> scalar in the dtype of the prediction.
    fields: beta (> 0: where the parabola ends).
    errors: E0108 beta; E0204 where the shapes differ, or ids.
    cost:   five flops for each element.
    source: Girshick: Fast R-CNN, ICCV 2015, equation 3, as a mean.

    >>> SmoothL1().forward(np.array([[1.0, 5.0]]), np.array([[1.5, 2.0]]))
    array(1.3125)
    """

    beta: float = 1.0

    name: ClassVar[str] = "smooth_l1"
    operands: ClassVar[tuple[str, ...]] = ("prediction", "target")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "prediction": ("prediction", "target"),
        "target": ("prediction", "target"),
    }
    loss: ClassVar[bool] = True

    def infer(self, prediction: TensorType, target: TensorType) -> TensorType:
        if not self.beta > 0:
            raise OpError("E0108", f"the beta of smooth_l1 must be above 0, not {self.beta}")
        return require_alike(self.name, prediction, target)

    def target(self, prediction: TensorType) -> TensorType:
        return like_prediction(self.name, prediction)

    def forward(self, prediction: Array, target: Array) -> Array:
        distance = np.abs(prediction - target)
        parabola = np.square(distance) / (2 * self.beta)
        return np.asarray(np.where(distance < self.beta, parabola, distance - self.beta / 2).mean())

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        difference = saved["prediction"] - saved["target"]
        sign = 1 if wanted == "prediction" else -1
        return np.asarray(np.clip(difference / self.beta, -1, 1) * (dy * (sign / difference.size)))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(5 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(4 * inputs[0].elements, total_bytes(inputs) + total_bytes(inputs[:1]))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        wide = (-2.0, 2.0)  # some differences within beta, some beyond, none just at it
        return tuple(replace(sample, domain=wide) for beta in (1.0, 0.25) for sample in pair_samples(cls(beta)))
