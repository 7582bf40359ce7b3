"""Mean absolute error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, Saved, Shape, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.mse import like_prediction, pair_samples, require_alike
from cnngraph.ops.sign import signs


@dataclass(frozen=True)
class L1(Op):
    """Mean absolute error: loss = mean |prediction - target|, over batch, positions and channels.

    The slope where both are equal is taken as 0.

    shapes: prediction any, target the same -> scalar in the dtype of the prediction.
    errors: E0204 where the shapes differ, or ids.
    cost:   three flops for each element.
    source: Bishop, Pattern Recognition and Machine Learning, 2006, section 1.5.5 (Minkowski loss, q = 1).

    >>> L1().forward(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    array(1.)
    """

    name: ClassVar[str] = "l1"
    operands: ClassVar[tuple[str, ...]] = ("prediction", "target")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "prediction": ("prediction", "target"),
        "target": ("prediction", "target"),
    }
    loss: ClassVar[bool] = True

    def infer(self, prediction: TensorType, target: TensorType) -> TensorType:
        return require_alike(self.name, prediction, target)

    def target(self, prediction: TensorType) -> TensorType:
        return like_prediction(self.name, prediction)

    def forward(self, prediction: Array, target: Array) -> Array:
        return np.asarray(np.abs(prediction - target).mean())

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        difference = saved["prediction"] - saved["target"]
        sign = 1 if wanted == "prediction" else -1
        return np.asarray(signs(difference) * (dy * (sign / difference.size)))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(3 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(3 * inputs[0].elements, total_bytes(inputs) + total_bytes(inputs[:1]))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return pair_samples(cls())
