"""Product of values, element by element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape
from cnngraph.ir.types import TensorType
from cnngraph.ops.add import at_every_position, merge_cost, merge_samples, merged, summed_to


@dataclass(frozen=True)
class Mul(Op):
    """Product, element by element: y = x0 * x1 * ...; a vector c scales a grid c@positions at every position.

    shapes: equal shapes -> the same; among grids c@positions, some may be vectors c; also weights, scalars.
    errors: E0301 different positions; E0302 different channels; E0303 fewer than two inputs; E0204 ids.
    cost:   one flop for each element and each further input.
    source: Hu, Shen, Sun, CVPR 2018, equation 4 (scale by channel); ONNX Mul-14 for two inputs.

    >>> print(Mul().infer(TensorType.of(64, (56, 56)), TensorType.of(64)))
    64@56x56
    """

    name: ClassVar[str] = "mul"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}
    variadic: ClassVar[bool] = True
    merges: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, *inputs: TensorType) -> TensorType:
        return merged(self.name, inputs)

    def forward(self, *inputs: Array) -> Array:
        return np.asarray(reduce(np.multiply, at_every_position(inputs)))

    def reads(self, wanted: str, count: int) -> tuple[str, ...]:
        return tuple(name for name in self.input_names(count) if name != wanted)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        product = reduce(np.multiply, at_every_position([dy, *saved.values()]))
        return summed_to(np.asarray(product), shapes[wanted])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return merge_cost(inputs, outputs)

    def onnx(self) -> Onnx:
        return Onnx("Mul", 14)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return merge_samples(cls())
