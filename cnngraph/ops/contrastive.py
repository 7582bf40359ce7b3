"""Contrastive loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, channels_of, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.mse import require_alike


@dataclass(frozen=True)
class Contrastive(Op):
    """Contrastive loss of pairs: what is the same comes together, what is not moves apart, up to a margin.

        loss = mean_n 1/2 (d^2 where alike[n] = 1, max(margin - d, 0)^2 where alike[n] = 0),    d = |left[n] - right[n]|

    shapes: left any, right the same, alike ids(2) (1: of one kind, 0: of two) -> scalar in the dtype of left.
    fields: margin (> 0, a distance).
    errors: E0108 margin; E0204 where the shapes differ, ids in place of features, or labels of other than two kinds.
    cost:   three flops for each element of left.
    source: Hadsell, Chopra, LeCun: Dimensionality reduction by learning an invariant mapping, CVPR 2006, equation 4,
            as a mean (there 0 means the same).

    Two equal vectors that should differ have no direction to part in: their slope is 0.

    >>> left, right = np.array([[0.0, 1.0], [3.0, 0.0]]), np.array([[0.0, 2.0], [3.0, 1.0]])
    >>> Contrastive(2.0).forward(left, right, np.array([1, 0]))
    array(0.5)
    """

    margin: float = 1.0

    name: ClassVar[str] = "contrastive"
    operands: ClassVar[tuple[str, ...]] = ("left", "right", "alike")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"left": operands, "right": operands}
    loss: ClassVar[bool] = True

    def infer(self, left: TensorType, right: TensorType, alike: TensorType) -> TensorType:
        if not self.margin > 0:
            raise OpError("E0108", f"the margin of contrastive must be above 0, not {self.margin}")
        channels_of(self.name, left)
        if alike.vocabulary != 2 or alike.positions:
            message = f"contrastive needs one ids(2) for each pair, but receives {alike}"
            raise OpError("E0204", message, ("1: both are of one kind, 0: they are not",), operand=2)
        return require_alike(self.name, left, right)

    def target(self, prediction: TensorType) -> TensorType:
        channels_of(self.name, prediction)
        return TensorType.ids(2)

    def forward(self, left: Array, right: Array, alike: Array) -> Array:
        distance = _distances(left, right)
        away = np.where(alike == 1, distance, np.maximum(self.margin - distance, 0))
        return np.asarray(np.square(away).mean() / 2)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        left, right, alike = (saved[name] for name in self.operands)
        distance = _distances(left, right)
        short = np.maximum(self.margin - distance, 0)
        apart = np.divide(short, distance, out=np.zeros_like(distance), where=distance != 0)
        factor = np.where(alike == 1, 1, -apart).reshape(-1, *(1,) * (left.ndim - 1))
        sign = 1 if wanted == "left" else -1
        return np.asarray((left - right) * factor.astype(left.dtype) * (dy * (sign / len(left))))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(3 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(6 * inputs[0].elements, total_bytes(inputs) + total_bytes(inputs[:1]))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        vector, grid, alike = TensorType.of(3), TensorType.of(2, (2, 3)), TensorType.ids(2)
        return (Sample(cls(), (vector, vector, alike), batch=5), Sample(cls(9.0), (grid, grid, alike), batch=4))


def _distances(left: Array, right: Array) -> Array:
    """The distance of each pair: (N,)."""
    return np.asarray(np.sqrt(np.square(left - right).reshape(len(left), -1).sum(axis=1)))
