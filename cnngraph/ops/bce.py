"""Binary cross-entropy of probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, Saved, Shape, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.mse import like_prediction, pair_samples, require_alike


@dataclass(frozen=True)
class Bce(Op):
    """Binary cross-entropy of probabilities, each by itself: is it this, or is it not?

        loss = mean -(t log max(p, tiny) + (1 - t) log max(1 - p, tiny)),    p = prediction, t = target

    shapes: prediction any (after sigmoid), target the same, from 0 to 1 -> scalar in the dtype of the prediction.
    errors: E0204 where the shapes differ, or ids.
    cost:   seven flops for each element.
    source: Bishop, Pattern Recognition and Machine Learning, 2006, equation 4.90, as a mean.

    `tiny` is the smallest normal number of the dtype, as in cross_entropy: certainty of what is wrong costs about 87 in
    float32, and there the slope is 0.

    >>> Bce().forward(np.array([[0.5, 0.75]]), np.array([[1.0, 0.0]])).round(4)
    np.float64(1.0397)
    """

    name: ClassVar[str] = "bce"
    operands: ClassVar[tuple[str, ...]] = ("prediction", "target")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "prediction": ("prediction", "target"),
        "target": ("prediction",),
    }
    loss: ClassVar[bool] = True

    def infer(self, prediction: TensorType, target: TensorType) -> TensorType:
        return require_alike(self.name, prediction, target)

    def target(self, prediction: TensorType) -> TensorType:
        return like_prediction(self.name, prediction)

    def forward(self, prediction: Array, target: Array) -> Array:
        yes, no = _logarithms(prediction)
        return np.asarray(-(target * yes + (1 - target) * no).mean())

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        p, share = saved["prediction"], dy / saved["prediction"].size
        if wanted == "target":
            yes, no = _logarithms(p)
            return np.asarray((no - yes) * share)
        t, tiny = saved["target"], np.finfo(p.dtype).tiny
        yes = np.divide(t, p, out=np.zeros_like(p), where=~(p <= tiny))
        no = np.divide(1 - t, 1 - p, out=np.zeros_like(p), where=~(1 - p <= tiny))
        return np.asarray((no - yes) * share)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(7 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(6 * inputs[0].elements, total_bytes(inputs) + total_bytes(inputs[:1]))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return tuple(replace(sample, domain=(0.1, 0.9)) for sample in pair_samples(cls()))


def _logarithms(p: Array) -> tuple[Array, Array]:
    """log p and log (1 - p), at least that of the smallest normal number."""
    tiny = np.finfo(p.dtype).tiny
    return np.log(np.maximum(p, tiny)), np.log(np.maximum(1 - p, tiny))
