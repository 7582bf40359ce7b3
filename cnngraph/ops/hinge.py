"""Hinge loss of scores and signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.mse import like_prediction, pair_samples, require_alike


@dataclass(frozen=True)
class Hinge(Op):
    """Hinge loss, of a support vector machine: each score should have the sign of its target, by a margin.

        loss = mean max(margin - t x, 0),    x = prediction, t = target

    shapes: prediction any (scores), target the same, -1 or 1 -> scalar in the dtype of the prediction.
    fields: margin (>= 0). With 0 this is the perceptron criterion: only scores of the wrong sign have a slope.
    errors: E0108 margin; E0204 where the shapes differ, or ids.
    cost:   four flops for each element.
    source: Cortes, Vapnik: Support-vector networks, 1995; Bishop, Pattern Recognition and Machine Learning, 2006,
            equations 7.44 and 4.54, as a mean.

    >>> Hinge().forward(np.array([[2.0, 0.5, -1.0]]), np.array([[1.0, 1.0, 1.0]])).round(4)
    np.float64(0.8333)
    """

    margin: float = 1.0

    name: ClassVar[str] = "hinge"
    operands: ClassVar[tuple[str, ...]] = ("prediction", "target")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = dict.fromkeys(operands, operands)
    loss: ClassVar[bool] = True

    def infer(self, prediction: TensorType, target: TensorType) -> TensorType:
        if not self.margin >= 0:
            raise OpError("E0108", f"the margin of hinge must be 0 or more, not {self.margin}")
        return require_alike(self.name, prediction, target)

    def target(self, prediction: TensorType) -> TensorType:
        return like_prediction(self.name, prediction)

    def forward(self, prediction: Array, target: Array) -> Array:
        return np.asarray(np.maximum(self.margin - target * prediction, 0).mean())

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        prediction, target = saved["prediction"], saved["target"]
        other = target if wanted == "prediction" else prediction
        free = self.margin - target * prediction <= 0
        return np.asarray(np.where(free, 0, other * (-dy / prediction.size)))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(4 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (*pair_samples(cls()), *pair_samples(cls(0.0)))
