"""Vectors of length one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, channels_of, total_bytes
from cnngraph.ir.types import TensorType

TINY = 1e-12  # an epsilon that only a vector of zeros meets


@dataclass(frozen=True)
class Normalize(Op):
    """Each vector of features divided by its length, at each position by itself.

        y[..., k] = x[..., k] / max(r, epsilon),    r = sqrt(sum_j x[..., j]^2)

    shapes: c@positions -> the same.  fields: epsilon (> 0: shorter vectors are divided by it, so 0 stays 0).
    errors: E0108 epsilon; E0204 ids, or a scalar.  cost: three flops for each element.
    source: Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015, section 3.1; ONNX LpNormalization-22 (it has no
            epsilon: the same as long as ours is no larger than 1e-12).

    >>> Normalize().forward(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """

    epsilon: float = TINY

    name: ClassVar[str] = "normalize"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}

    def infer(self, x: TensorType) -> TensorType:
        channels_of(self.name, x)
        if not self.epsilon > 0:
            raise OpError("E0108", f"the epsilon of normalize must be above 0, not {self.epsilon}")
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(x / np.maximum(_lengths(x), self.epsilon))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        lengths = _lengths(saved["x"])
        y = saved["x"] / np.maximum(lengths, self.epsilon)
        along = (dy * y).sum(axis=-1, keepdims=True)  # only a vector that is divided by its own length cannot grow
        return np.asarray((dy - np.where(lengths > self.epsilon, y * along, 0)) / np.maximum(lengths, self.epsilon))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(3 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(8 * outputs[0].elements, 2 * total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx | None:
        return Onnx("LpNormalization", 22, {"axis": 1, "p": 2}) if self.epsilon <= TINY else None

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(3, (4, 5)),)),
            Sample(cls(), (TensorType.of(4),), batch=3),
            Sample(cls(1e3), (TensorType.of(5, (2,)),)),
        )


def _lengths(x: Array) -> Array:
    """The length of each vector: (N, positions..., 1)."""
    return np.asarray(np.sqrt(np.square(x).sum(axis=-1, keepdims=True)))
