"""Quotient of two values, element by element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape
from cnngraph.ir.types import TensorType
from cnngraph.ops.add import at_every_position, merge_cost, merged, summed_to


@dataclass(frozen=True)
class Div(Op):
    """Quotient, element by element: y = x / by; where one is a vector c and the other c@positions, at every position.

    In an equation it is written `x / by`.

    shapes: equal shapes -> the same; one of two grids c@positions may be a vector c; also weights, scalars.
    errors: E0301 different positions; E0302 different channels; E0204 ids.
    cost:   one flop for each element.
    source: Jarrett et al.: What is the best multi-stage architecture for object recognition?, ICCV 2009, section 2
            (divisive normalization); ONNX Div-14.

    >>> Div().forward(np.array([6.0, 3.0]), np.array([2.0, 4.0]))
    array([3.  , 0.75])
    """

    name: ClassVar[str] = "div"
    operands: ClassVar[tuple[str, ...]] = ("x", "by")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("by",), "by": ("by", "y")}
    merges: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType, by: TensorType) -> TensorType:
        return merged(self.name, (x, by))

    def forward(self, x: Array, by: Array) -> Array:
        return _quotient(x, by)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        slope = dy if wanted == "x" else -dy * saved["y"]
        return summed_to(_quotient(slope, saved["by"]), shapes[wanted])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return merge_cost(inputs, outputs)

    def onnx(self) -> Onnx:
        return Onnx("Div", 14)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        grid, vector, weight = TensorType.of(3, (4, 6)), TensorType.of(3), TensorType((3, 5))
        pairs = ((grid, grid), (grid, vector), (vector, grid), (weight, weight), (TensorType(()), TensorType(())))
        return tuple(Sample(cls(), pair, domain=(0.5, 2.0)) for pair in pairs)


def _quotient(x: Array, by: Array) -> Array:
    x, by = at_every_position((x, by))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(x / by)
