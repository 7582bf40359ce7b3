"""Sign: the threshold of the perceptron."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Onnx, Op, Sample, Saved, Shape, refuse_ids
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Sign(Op):
    """Sign, the threshold of the perceptron: y = 1 where x > 0, -1 where x < 0, and 0 elsewhere.

    Its gradient is 0, which is its slope wherever it has one, so nothing before it learns. A perceptron learns from its
    score before the threshold: the gradient of `hinge(score, target, margin = 0)` is Rosenblatt's rule.

    shapes: any -> the same.  errors: E0204 ids.  cost: one flop for each element.
    source: Rosenblatt, The perceptron, Psychological Review 65, 1958; ONNX Sign-13.

    >>> Sign().forward(np.array([-0.5, 0.0, 7.0]))
    array([-1.,  0.,  1.])
    """

    name: ClassVar[str] = "sign"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids(self.name, x)
        return x

    def forward(self, x: Array) -> Array:
        return signs(x)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.zeros_like(dy)

    def onnx(self) -> Onnx:
        return Onnx("Sign", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(4),), batch=3))


def signs(x: Array) -> Array:
    """1, -1, or 0: also for NaN, as in PyTorch."""
    return np.asarray((x > 0).astype(x.dtype) - (x < 0))
