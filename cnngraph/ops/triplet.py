"""Triplet loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, channels_of, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.mse import require_alike


@dataclass(frozen=True)
class Triplet(Op):
    """Triplet loss: what belongs to the anchor should be nearer to it than what does not, by a margin.

        loss = mean_n max(|anchor - positive|^2 - |anchor - negative|^2 + margin, 0)

    shapes: anchor any, positive and negative the same -> scalar in the dtype of the anchor.
    fields: margin (> 0, in squared distance).
    errors: E0108 margin; E0204 where the shapes differ, or ids.
    cost:   six flops for each element of the anchor.
    source: Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015, section 3.1, as a mean.

    >>> Triplet(0.5).forward(np.array([[0.0, 1.0]]), np.array([[0.0, 2.0]]), np.array([[1.0, 1.0]]))
    array(0.5)
    """

    margin: float = 0.2

    name: ClassVar[str] = "triplet"
    operands: ClassVar[tuple[str, ...]] = ("anchor", "positive", "negative")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = dict.fromkeys(operands, operands)
    loss: ClassVar[bool] = True

    def infer(self, anchor: TensorType, positive: TensorType, negative: TensorType) -> TensorType:
        if not self.margin > 0:
            raise OpError("E0108", f"the margin of triplet must be above 0, not {self.margin}")
        channels_of(self.name, anchor)
        require_alike(self.name, anchor, positive)
        return require_alike(self.name, anchor, negative, operand=2)

    def target(self, prediction: TensorType) -> TensorType:
        channels_of(self.name, prediction)
        return prediction

    def forward(self, anchor: Array, positive: Array, negative: Array) -> Array:
        return np.asarray(np.maximum(self._excess(anchor, positive, negative), 0).mean())

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        anchor, positive, negative = (saved[name] for name in self.operands)
        excess = self._excess(anchor, positive, negative)
        free = (excess <= 0).reshape(-1, *(1,) * (anchor.ndim - 1))
        slope = {"anchor": negative - positive, "positive": positive - anchor, "negative": anchor - negative}[wanted]
        return np.asarray(np.where(free, 0, slope * (dy * (2 / excess.size))))

    def _excess(self, anchor: Array, positive: Array, negative: Array) -> Array:
        """How much too near the negative is, for each sample: (N,)."""
        distances = np.square(anchor - positive) - np.square(anchor - negative)
        return np.asarray(distances.reshape(len(anchor), -1).sum(axis=1) + self.margin)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(6 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(8 * inputs[0].elements, total_bytes(inputs) + total_bytes(inputs[:1]))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        vector, grid = TensorType.of(3), TensorType.of(2, (2, 3))
        return (Sample(cls(), (vector,) * 3, batch=5), Sample(cls(2.0), (grid,) * 3, batch=4))
