"""Cross-entropy of probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import (
    Array,
    Cost,
    Op,
    OpError,
    Sample,
    Saved,
    Shape,
    channels_of,
    fixed_channels_of,
    total_bytes,
)
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class CrossEntropy(Op):
    """Cross-entropy of probabilities: the mean over batch and positions of -log p[label].

        loss = mean_n -log(max(prediction[n, label[n]], tiny))

    With `smoothing` s and `class_weights` w each label also stands for all other classes a little, and some count more:

        loss = sum_n,k a[n, k] -log(max(prediction[n, k], tiny)) / sum_n w[label[n]]
        a[n, k] = w[k] ((1 - s) [k = label[n]] + s / c)

    shapes: prediction c@positions (after softmax), label ids(c)@positions -> scalar in the dtype of the prediction.
    fields: smoothing (0 <= smoothing < 1); class_weights (c numbers from 0; a class of weight 0 is ignored).
    errors: E0204 where channels and vocabulary, or the positions, differ; E0108 smoothing, class_weights.
    cost:   two flops for each label.
    source: Bishop, Pattern Recognition and Machine Learning, 2006, equation 4.108; Szegedy et al.: Rethinking the
            Inception architecture, CVPR 2016, section 7 (smoothing); ONNX Log-13, then NegativeLogLikelihoodLoss-13.

    `tiny` is the smallest normal number of the dtype (about 1e-38 in float32): the loss of an impossible label is about
    87, not infinite. Below it the slope is 0. softmax_cross_entropy has no such limit.

    >>> CrossEntropy().forward(np.array([[0.5, 0.5], [0.75, 0.25]]), np.array([1, 0])).round(4)
    np.float64(0.4904)
    """

    smoothing: float = 0.0
    class_weights: tuple[float, ...] = ()

    name: ClassVar[str] = "cross_entropy"
    operands: ClassVar[tuple[str, ...]] = ("prediction", "label")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"prediction": ("prediction", "label")}
    loss: ClassVar[bool] = True

    def infer(self, prediction: TensorType, label: TensorType) -> TensorType:
        require_labels(self.name, prediction, label)
        require_amounts(self.name, prediction, self.smoothing, self.class_weights)
        return TensorType((), prediction.dtype)

    def target(self, prediction: TensorType) -> TensorType:
        return TensorType.ids(fixed_channels_of(self.name, prediction), prediction.positions)

    def forward(self, prediction: Array, label: Array) -> Array:
        if self.plain:
            chosen = np.take_along_axis(prediction, label[..., None], axis=-1)
            return np.asarray(-np.log(_clipped(chosen)).mean())
        parts = amounts(label, prediction, self.smoothing, self.class_weights)
        return np.asarray(-(parts * np.log(_clipped(prediction))).sum())

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        prediction, label = saved["prediction"], saved["label"]
        if not self.plain:
            return _slopes(prediction, dy * amounts(label, prediction, self.smoothing, self.class_weights))
        dx = np.zeros_like(prediction)
        chosen = np.take_along_axis(prediction, label[..., None], axis=-1)
        np.put_along_axis(dx, label[..., None], _slopes(chosen, dy / label.size), axis=-1)
        return dx

    @property
    def plain(self) -> bool:
        """Whether only the probability of the label counts, that of each label the same."""
        return not self.smoothing and not self.class_weights

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(2 * inputs[1].elements, total_bytes(inputs[1:]) * 2 + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(2 * inputs[1].elements, total_bytes(inputs[1:]) * 2 + total_bytes(inputs[:1]))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(5), TensorType.ids(5)), batch=3),
            Sample(cls(), (TensorType.of(3, (4, 5)), TensorType.ids(3, (4, 5)))),
            Sample(cls(0.1), (TensorType.of(5), TensorType.ids(5)), batch=3),
            Sample(cls(0.25, (1.0, 0.5, 3.0)), (TensorType.of(3, (4, 5)), TensorType.ids(3, (4, 5)))),
        )


def require_labels(name: str, prediction: TensorType, label: TensorType) -> None:
    """Raise `OpError` unless `label` gives one of the channels of `prediction` at each of its positions."""
    channels = channels_of(name, prediction)
    if label.vocabulary is None:
        helps = (f"feed whole numbers: ids({channels})", "mse compares features with features")
        raise OpError("E0204", f"the label of {name} must be ids, but is {label}", helps, operand=1)
    if label.vocabulary != channels:
        message = f"{name} compares {channels} channels with labels of {label.vocabulary} kinds"
        raise OpError("E0204", message, (f"{label.vocabulary} channels, one for each kind of label, fit",), operand=0)
    if label.positions != prediction.positions:
        raise OpError("E0204", f"{name} compares {prediction} with {label}: their positions differ", operand=1)


def require_amounts(name: str, prediction: TensorType, smoothing: float, class_weights: tuple[float, ...]) -> None:
    """Raise `OpError` unless `amounts` can be made of these fields."""
    if not 0 <= smoothing < 1:
        raise OpError("E0108", f"the smoothing of {name} must be at least 0 and below 1, not {smoothing}")
    if class_weights and len(class_weights) != prediction.channels:
        message = f"{name} has {len(class_weights)} class_weights for {prediction.channels} channels"
        raise OpError("E0108", message, ("give one number for each class",))
    if class_weights and not (min(class_weights) >= 0 and max(class_weights) > 0):
        raise OpError("E0108", f"the class_weights of {name} must be 0 or more, and not all 0")


def amounts(label: Array, prediction: Array, smoothing: float, class_weights: tuple[float, ...]) -> Array:
    """How much the logarithm of each probability counts, in the shape and dtype of the prediction."""
    channels = prediction.shape[-1]
    weights = np.asarray(class_weights or (1.0,) * channels, prediction.dtype)
    parts = np.zeros_like(prediction) + weights * (smoothing / channels)
    chosen = np.take_along_axis(parts, label[..., None], axis=-1)
    np.put_along_axis(parts, label[..., None], chosen + weights[label][..., None] * (1 - smoothing), axis=-1)
    with np.errstate(invalid="ignore"):  # labels of weight 0 alone have no mean: NaN, as in PyTorch
        return np.asarray(parts / weights[label].sum())


def _clipped(probability: Array) -> Array:
    """At least the smallest normal number."""
    return np.asarray(np.maximum(probability, np.finfo(probability.dtype).tiny))


def _slopes(probability: Array, amount: Array) -> Array:
    """The gradient of -amount * log(probability), 0 where it is clipped."""
    return np.asarray(np.where(probability <= np.finfo(probability.dtype).tiny, 0, -amount / _clipped(probability)))
