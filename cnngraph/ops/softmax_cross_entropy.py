"""Cross-entropy of a softmax, in one stable step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, fixed_channels_of, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.cross_entropy import amounts, require_amounts, require_labels


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Op):
    """Cross-entropy of a softmax: the mean over batch and positions of -log softmax(logits)[label].

        loss = mean_n log(sum_j exp(logits[n, j])) - logits[n, label[n]]
        dlogits = (softmax(logits) - onehot(label)) / number of labels

    shapes: logits c@positions, label ids(c)@positions -> scalar in the dtype of the logits.
    fields: smoothing, class_weights, as in cross_entropy.
    errors: E0204 where channels and vocabulary, or the positions, differ; E0108 a field.
    cost:   five flops for each logit.
    source: Bishop, Pattern Recognition and Machine Learning, 2006, equation 4.109; ONNX SoftmaxCrossEntropyLoss-13.

    A pass makes it of softmax and cross_entropy: nothing over- or underflows. Its gradient reads the logits and
    computes the probabilities again: to keep them would take as much memory as the logits.

    >>> SoftmaxCrossEntropy().forward(np.array([[0.0, 1000.0]]), np.array([0]))
    array(1000.)
    """

    smoothing: float = 0.0
    class_weights: tuple[float, ...] = ()

    name: ClassVar[str] = "softmax_cross_entropy"
    operands: ClassVar[tuple[str, ...]] = ("logits", "label")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"logits": ("logits", "label")}
    loss: ClassVar[bool] = True
    internal: ClassVar[bool] = True

    def infer(self, logits: TensorType, label: TensorType) -> TensorType:
        require_labels(self.name, logits, label)
        require_amounts(self.name, logits, self.smoothing, self.class_weights)
        return TensorType((), logits.dtype)

    def target(self, prediction: TensorType) -> TensorType:
        return TensorType.ids(fixed_channels_of(self.name, prediction), prediction.positions)

    def forward(self, logits: Array, label: Array) -> Array:
        shifted = logits - logits.max(axis=-1, keepdims=True)
        sums = np.log(np.exp(shifted).sum(axis=-1))  # (N, positions...)
        if self._plain:
            return np.asarray((sums - np.take_along_axis(shifted, label[..., None], axis=-1)[..., 0]).mean())
        parts = amounts(label, logits, self.smoothing, self.class_weights)
        return np.asarray((parts * (sums[..., None] - shifted)).sum())

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        logits, label = saved["logits"], saved["label"]
        dx: Array = np.exp(logits - logits.max(axis=-1, keepdims=True))
        dx /= dx.sum(axis=-1, keepdims=True)
        if self._plain:
            at = label[..., None]
            np.put_along_axis(dx, at, np.take_along_axis(dx, at, axis=-1) - 1, axis=-1)
            dx *= dy / label.size
            return dx
        parts = amounts(label, logits, self.smoothing, self.class_weights)
        return np.asarray((dx * parts.sum(axis=-1, keepdims=True) - parts) * dy)

    @property
    def _plain(self) -> bool:
        return not self.smoothing and not self.class_weights

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(5 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(5 * inputs[0].elements, total_bytes(inputs) + total_bytes(inputs[:1]))

    def onnx(self) -> Onnx | None:
        return None if self.smoothing else Onnx("SoftmaxCrossEntropyLoss", 13, {"reduction": "mean"})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(5), TensorType.ids(5)), batch=3),
            Sample(cls(), (TensorType.of(3, (4, 5)), TensorType.ids(3, (4, 5)))),
            Sample(cls(0.1), (TensorType.of(5), TensorType.ids(5)), batch=3),
            Sample(cls(0.25, (1.0, 0.5, 3.0)), (TensorType.of(3, (4, 5)), TensorType.ids(3, (4, 5)))),
        )
