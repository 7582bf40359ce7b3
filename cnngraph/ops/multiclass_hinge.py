"""Hinge loss of scores and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, fixed_channels_of, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.cross_entropy import require_labels


@dataclass(frozen=True)
class MulticlassHinge(Op):
    """Hinge loss of several classes: the score of the label should exceed every other one by a margin.

        loss = mean_n 1/c sum_(k != label[n]) max(margin + x[n, k] - x[n, label[n]], 0)

    shapes: prediction c@positions (scores), label ids(c)@positions -> scalar in the dtype of the prediction.
    fields: margin (>= 0).
    errors: E0108 margin; E0204 where channels and vocabulary, or the positions, differ.
    cost:   four flops for each score.
    source: Weston, Watkins: Support vector machines for multi-class pattern recognition, 1999, over the number of
            classes c as in PyTorch's MultiMarginLoss.

    >>> MulticlassHinge().forward(np.array([[2.0, 1.5, 0.0, -1.0]]), np.array([0]))
    array(0.125)
    """

    margin: float = 1.0

    name: ClassVar[str] = "multiclass_hinge"
    operands: ClassVar[tuple[str, ...]] = ("prediction", "label")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"prediction": ("prediction", "label")}
    loss: ClassVar[bool] = True

    def infer(self, prediction: TensorType, label: TensorType) -> TensorType:
        if not self.margin >= 0:
            raise OpError("E0108", f"the margin of multiclass_hinge must be 0 or more, not {self.margin}")
        require_labels(self.name, prediction, label)
        return TensorType((), prediction.dtype)

    def target(self, prediction: TensorType) -> TensorType:
        return TensorType.ids(fixed_channels_of(self.name, prediction), prediction.positions)

    def forward(self, prediction: Array, label: Array) -> Array:
        return np.asarray(np.maximum(self._excess(prediction, label), 0).mean())

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        prediction, label = saved["prediction"], saved["label"][..., None]
        dx = np.asarray(self._excess(prediction, saved["label"]) > 0, prediction.dtype)
        np.put_along_axis(dx, label, -dx.sum(axis=-1, keepdims=True), axis=-1)
        return np.asarray(dx * (dy / dx.size))

    def _excess(self, prediction: Array, label: Array) -> Array:
        """How much too high each score is, that of the label never: (N, positions..., c)."""
        chosen = np.take_along_axis(prediction, label[..., None], axis=-1)
        excess = self.margin + prediction - chosen
        np.put_along_axis(excess, label[..., None], np.zeros_like(chosen), axis=-1)
        return np.asarray(excess)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(4 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(5 * inputs[0].elements, total_bytes(inputs) + total_bytes(inputs[:1]))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(5), TensorType.ids(5)), batch=3),
            Sample(cls(0.25), (TensorType.of(3, (4, 5)), TensorType.ids(3, (4, 5)))),
        )
