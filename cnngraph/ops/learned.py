"""A learned value, the same for every sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, Weight, channels_of, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Learned(Op):
    """A learned value, the same for every sample: y[n] = weight. The numbers of x do not matter, but how many samples.

    What a generator starts from, queries of a decoder, a table that is added to scores.

    shapes: any -> shape.
    fields: shape (of a fixed size, written `512@4x4`).
    errors: E0204 an open size.  cost: no flops, the bytes of the weight and those written.
    source: Karras, Laine, Aila: StyleGAN, CVPR 2019, section 2 (a learned constant instead of an input);
            Carion et al.: DETR, ECCV 2020, section 3.2 (queries); in ONNX an initializer, Expand-13.

    >>> print(Learned(TensorType.of(512, (4, 4))).infer(TensorType.of(100)))
    512@4x4
    """

    shape: TensorType

    name: ClassVar[str] = "learned"
    weights: ClassVar[tuple[str, ...]] = ("weight",)
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"weight": ()}

    def infer(self, x: TensorType) -> TensorType:
        channels_of(self.name, self.shape)
        if not all(isinstance(size, int) for size in self.shape.shape[1:]):
            raise OpError("E0204", f"a learned value is of a fixed size, not {self.shape}")
        dtype = x.dtype if x.vocabulary is None else self.shape.dtype
        return TensorType((x.shape[0], *self.shape.shape[1:]), dtype)

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        y = self.infer(x)
        return {"weight": Weight(TensorType(y.shape[1:], y.dtype), "normal")}

    def forward(self, x: Array, weight: Array) -> Array:
        return np.broadcast_to(weight, (len(x), *weight.shape)).copy()

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.asarray(dy.sum(axis=0))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs[1:]) + total_bytes(outputs))

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return f"learned values of the shape {self.shape}"

    def field_of_view(self, rank: int) -> None:
        return None

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(TensorType.of(3, (4, 5))), (TensorType.of(7),)),
            Sample(cls(TensorType.of(6)), (TensorType.of(2, (5,)),), batch=3),
        )
