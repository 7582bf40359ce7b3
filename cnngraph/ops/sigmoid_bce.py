"""Binary cross-entropy of a sigmoid, in one stable step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, Saved, Shape, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.mse import like_prediction, pair_samples, require_alike
from cnngraph.ops.sigmoid import Sigmoid


@dataclass(frozen=True)
class SigmoidBce(Op):
    """Binary cross-entropy of a sigmoid: mean -(t log s(x) + (1 - t) log (1 - s(x))), s the sigmoid of the logits x.

        loss = mean log(1 + exp(x)) - t x
        dlogits = (s(x) - t) / number of elements

    shapes: logits any, target the same, from 0 to 1 -> scalar in the dtype of the logits.
    errors: E0204 where the shapes differ, or ids.
    cost:   six flops for each element.
    source: Bishop, Pattern Recognition and Machine Learning, 2006, equations 4.90 and 4.91, as a mean.

    A pass makes it of sigmoid and bce: nothing over- or underflows.

    >>> SigmoidBce().forward(np.array([[1000.0, 0.0]]), np.array([[0.0, 1.0]])).round(4)
    np.float64(500.3466)
    """

    name: ClassVar[str] = "sigmoid_bce"
    operands: ClassVar[tuple[str, ...]] = ("logits", "target")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"logits": ("logits", "target"), "target": ("logits",)}
    loss: ClassVar[bool] = True
    internal: ClassVar[bool] = True

    def infer(self, logits: TensorType, target: TensorType) -> TensorType:
        return require_alike(self.name, logits, target)

    def target(self, prediction: TensorType) -> TensorType:
        return like_prediction(self.name, prediction)

    def forward(self, logits: Array, target: Array) -> Array:
        size = np.abs(logits)  # log(1 + exp(x)) - t x, without a difference of large numbers
        return np.asarray((np.where(logits >= 0, 1 - target, target) * size + np.log1p(np.exp(-size))).mean())

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        logits, share = saved["logits"], dy / saved["logits"].size
        if wanted == "target":
            return np.asarray(-logits * share)
        return np.asarray((Sigmoid().forward(logits) - saved["target"]) * share)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(6 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return pair_samples(cls())
