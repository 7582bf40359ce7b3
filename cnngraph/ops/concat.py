"""Concatenation along the channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, channels_of, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Concat(Op):
    """Concatenation along the channels: those of x0, then those of x1, and so on.

        y[..., c] = x0[..., c] where c < c0, x1[..., c - c0] where c0 <= c < c0 + c1, ...

    shapes: c0@positions, c1@positions, ... -> (c0 + c1 + ...)@positions.
    errors: E0301 different positions; E0303 fewer than two inputs; E0204 no features.
    cost:   no flops, everything read and written once.
    source: Szegedy et al., CVPR 2015, section 4 (filter concatenation); ONNX Concat-13.

    >>> print(Concat().infer(TensorType.of(64, (28, 28)), TensorType.of(32, (28, 28))))
    96@28x28
    """

    name: ClassVar[str] = "concat"
    placed: ClassVar[bool] = True
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}
    variadic: ClassVar[bool] = True
    merges: ClassVar[bool] = True

    def infer(self, *inputs: TensorType) -> TensorType:
        if len(inputs) < 2:
            raise OpError("E0303", "concat needs at least two inputs")
        channels = [channels_of(self.name, x, i) for i, x in enumerate(inputs)]
        if any(x.shape[:-1] != inputs[0].shape[:-1] for x in inputs):
            raise OpError("E0301", "the inputs of concat have different positions")
        return inputs[0].known(channels=sum(channels))

    def forward(self, *inputs: Array) -> Array:
        return np.concatenate(inputs, axis=-1)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        names = list(shapes)
        start = sum(shapes[name][-1] for name in names[: names.index(wanted)])
        part: Array = dy[..., start : start + shapes[wanted][-1]]
        return part

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    def formula(self, inputs: Sequence[TensorType]) -> tuple[str, ...]:
        return (f"{' + '.join(str(x.channels) for x in inputs)} = {self.infer(*inputs).channels}",)

    def onnx(self) -> Onnx:
        return Onnx("Concat", 13, {"axis": 1})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        widths = [TensorType.of(c, (4, 6)) for c in (3, 5, 2)]
        return (Sample(cls(), tuple(widths)), Sample(cls(), (TensorType.of(3), TensorType.of(5)), batch=4))
