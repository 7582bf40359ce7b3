"""Kullback-Leibler divergence of probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, Saved, Shape, channels_of, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.mse import require_alike


@dataclass(frozen=True)
class KlDivergence(Op):
    """Kullback-Leibler divergence: how many nats more the target costs where the prediction is believed instead.

        loss = mean_n sum_k t[n, k] (log max(t[n, k], tiny) - log max(p[n, k], tiny)),    p = prediction, t = target

    The sum runs over channels, the mean over batch and positions.

    shapes: prediction c@positions (after softmax), target the same -> scalar in the dtype of the prediction.
    errors: E0204 where the shapes differ, or ids.
    cost:   five flops for each element.
    source: Kullback, Leibler: On information and sufficiency, 1951; Bishop, Pattern Recognition and Machine Learning,
            2006, equation 1.113.

    `tiny` is the smallest normal number of the dtype, as in cross_entropy; below it the slope by the prediction is 0.
    What the target excludes (t = 0) costs nothing. The teacher of a distilled network is such a target.

    >>> KlDivergence().forward(np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])).round(4)
    np.float64(0.1308)
    """

    name: ClassVar[str] = "kl_divergence"
    operands: ClassVar[tuple[str, ...]] = ("prediction", "target")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = dict.fromkeys(operands, operands)
    loss: ClassVar[bool] = True

    def infer(self, prediction: TensorType, target: TensorType) -> TensorType:
        channels_of(self.name, prediction)
        return require_alike(self.name, prediction, target)

    def target(self, prediction: TensorType) -> TensorType:
        channels_of(self.name, prediction)
        return prediction

    def forward(self, prediction: Array, target: Array) -> Array:
        return np.asarray((target * (_logarithm(target) - _logarithm(prediction))).sum(axis=-1).mean())

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        p, t = saved["prediction"], saved["target"]
        share = dy * (p.shape[-1] / p.size)
        if wanted == "target":
            return np.asarray((_logarithm(t) - _logarithm(p) + 1) * share)
        return np.asarray(-share * np.divide(t, p, out=np.zeros_like(p), where=~(p <= np.finfo(p.dtype).tiny)))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(5 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        grid, vector, domain = TensorType.of(3, (4, 5)), TensorType.of(5), (0.1, 0.9)
        return (Sample(cls(), (vector, vector), 3, domain), Sample(cls(), (grid, grid), domain=domain))


def _logarithm(x: Array) -> Array:
    """log x, at least that of the smallest normal number."""
    return np.asarray(np.log(np.maximum(x, np.finfo(x.dtype).tiny)))
