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

    shapes: prediction c@positions (after softmax), label ids(c)@positions -> scalar in the dtype of the prediction.
    errors: E0204 where channels and vocabulary, or the positions, differ.
    cost:   two flops for each label.
    source: Bishop, Pattern Recognition and Machine Learning, 2006, equation 4.108; ONNX Log-13, then
            NegativeLogLikelihoodLoss-13.

    `tiny` is the smallest normal number of the dtype (about 1e-38 in float32): the loss of an impossible label is about
    87, not infinite. Below it the slope is 0. softmax_cross_entropy has no such limit.

    >>> CrossEntropy().forward(np.array([[0.5, 0.5], [0.75, 0.25]]), np.array([1, 0])).round(4)
    np.float64(0.4904)
    """

    name: ClassVar[str] = "cross_entropy"
    operands: ClassVar[tuple[str, ...]] = ("prediction", "label")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"prediction": ("prediction", "label")}
    loss: ClassVar[bool] = True

    def infer(self, prediction: TensorType, label: TensorType) -> TensorType:
        require_labels("cross_entropy", prediction, label)
        return TensorType((), prediction.dtype)

    def target(self, prediction: TensorType) -> TensorType:
        return TensorType.ids(fixed_channels_of("cross_entropy", prediction), prediction.positions)

    def forward(self, prediction: Array, label: Array) -> Array:
        return np.asarray(-np.log(_clipped(prediction, label)).mean())

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        prediction, label = saved["prediction"], saved["label"]
        dx = np.zeros_like(prediction)
        chosen = _clipped(prediction, label)  # (N, positions..., 1)
        slopes = np.where(chosen > _tiny(prediction), -dy / label.size / chosen, 0)
        np.put_along_axis(dx, label[..., None], slopes, axis=-1)
        return dx

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(2 * inputs[1].elements, total_bytes(inputs[1:]) * 2 + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(2 * inputs[1].elements, total_bytes(inputs[1:]) * 2 + total_bytes(inputs[:1]))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(5), TensorType.ids(5)), batch=3),
            Sample(cls(), (TensorType.of(3, (4, 5)), TensorType.ids(3, (4, 5)))),
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


def _clipped(prediction: Array, label: Array) -> Array:
    """The probability of each label, at least the smallest normal number: (N, positions..., 1)."""
    chosen = np.take_along_axis(prediction, label[..., None], axis=-1)
    return np.asarray(np.maximum(chosen, _tiny(prediction)))


def _tiny(x: Array) -> Array:
    return np.asarray(np.finfo(x.dtype).tiny)
