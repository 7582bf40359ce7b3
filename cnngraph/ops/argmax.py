"""The number of the largest feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, fixed_channels_of, total_bytes, total_elements
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Argmax(Op):
    """The number of the largest feature at each position, the first of equal ones: y[...] = argmax_c x[..., c].

    What a classifier predicts. It has no gradient.

    shapes: c -> ids(c); c@positions -> ids(c)@positions.
    errors: E0204 ids, or features of no fixed number.
    cost:   one flop for each element of x.
    source: Krizhevsky, Sutskever, Hinton: ImageNet classification, NIPS 2012, section 1 (top-1); ONNX ArgMax-13.

    >>> import numpy as np
    >>> Argmax().forward(np.array([[0.1, 0.7, 0.2], [0.5, 0.5, 0.0]]))
    array([1, 0])
    """

    name: ClassVar[str] = "argmax"

    def infer(self, x: TensorType) -> TensorType:
        return TensorType(x.shape[:-1], "int64", fixed_channels_of(self.name, x))

    def forward(self, x: Array) -> Array:
        y: Array = x.argmax(axis=-1)
        return y.astype("int64", copy=False)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(total_elements(inputs), total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("ArgMax", 13, {"axis": 1, "keepdims": 0})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(), (TensorType.of(7),), batch=3))
