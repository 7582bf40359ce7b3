"""Largest of several values, element by element (maxout)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape
from cnngraph.ir.types import TensorType
from cnngraph.ops.add import merge_cost, merged


@dataclass(frozen=True)
class Max(Op):
    """Maximum, element by element: y = max(x0, x1, ...). The gradient goes to the first of equal inputs.

    shapes: equal shapes -> the same.
    errors: E0301 different positions; E0302 different channels; E0303 fewer than two inputs; E0204 ids.
    cost:   one flop for each element and each further input.
    source: Goodfellow et al.: Maxout networks, ICML 2013; ONNX Max-13.

    >>> Max().forward(np.array([1.0, 5.0]), np.array([4.0, 2.0]))
    array([4., 5.])
    """

    name: ClassVar[str] = "max"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x", "y")}
    variadic: ClassVar[bool] = True
    merges: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, *inputs: TensorType) -> TensorType:
        return merged(self.name, inputs, vectors=False)

    def forward(self, *inputs: Array) -> Array:
        return np.asarray(reduce(np.maximum, inputs))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        names = list(shapes)
        won = _wins(saved[wanted], saved["y"])
        for earlier in names[: names.index(wanted)]:
            won &= ~_wins(saved[earlier], saved["y"])
        return dy * won

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return merge_cost(inputs, outputs)

    def onnx(self) -> Onnx:
        return Onnx("Max", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        grid = TensorType.of(3, (4, 5))
        return (Sample(cls(), (grid, grid)), Sample(cls(), (TensorType.of(6),) * 3))


def _wins(x: Array, y: Array) -> Array:
    """Where x is the largest; a number that is none is larger than all."""
    return np.asarray((x == y) | np.isnan(x))
