"""Mean squared error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Mse(Op):
    """Mean squared error: loss = mean (prediction - target)^2, over batch, positions and channels.

    shapes: prediction any, target the same -> scalar in the dtype of the prediction.
    errors: E0204 where the shapes differ, or ids.
    cost:   three flops for each element.
    source: Bishop, Pattern Recognition and Machine Learning, 2006, equation 1.2, without the half and as a mean.

    >>> Mse().forward(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    array(2.)
    """

    name: ClassVar[str] = "mse"
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
        return np.asarray(np.square(prediction - target).mean())

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        difference = saved["prediction"] - saved["target"]
        sign = 1 if wanted == "prediction" else -1
        return np.asarray(difference * (dy * (2 * sign / difference.size)))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(3 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(2 * inputs[0].elements, total_bytes(inputs) + total_bytes(inputs[:1]))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return pair_samples(cls())


def require_alike(name: str, prediction: TensorType, target: TensorType, operand: int = 1) -> TensorType:
    """The type of a loss that compares features with features; raises `OpError` unless both have the same type."""
    refuse_ids(name, prediction, target)
    if prediction != target:
        message = f"{name} compares {prediction} with {target}: their shapes differ"
        raise OpError("E0204", message, operand=operand)
    return TensorType((), prediction.dtype)


def like_prediction(name: str, prediction: TensorType) -> TensorType:
    """The target of such a loss."""
    refuse_ids(name, prediction)
    return prediction


def pair_samples(op: Op) -> tuple[Sample, ...]:
    """Such a loss on vectors and on grids."""
    grid = TensorType.of(3, (4, 5))
    return (Sample(op, (TensorType.of(5),) * 2, batch=3), Sample(op, (grid, grid)))
