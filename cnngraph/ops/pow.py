"""Power of two values, element by element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape
from cnngraph.ir.types import TensorType
from cnngraph.ops.add import at_every_position, merge_cost, merged, summed_to


@dataclass(frozen=True)
class Pow(Op):
    """Power of two values, element by element: y = x ** exponent; a vector c serves every position of c@positions.

    Below 0 only whole exponents give numbers. A fixed exponent says `power(2)`.

    shapes: equal shapes -> the same; one of two grids c@positions may be a vector c; also weights, scalars.
    errors: E0301 different positions; E0302 different channels; E0204 ids.
    cost:   one flop for each element.
    source: Radenovic, Tolias, Chum: Fine-tuning CNN image retrieval, PAMI 2019, section 3.2 (exponents that are
            learned); ONNX Pow-15.

    >>> Pow().forward(np.array([2.0, 9.0]), np.array([3.0, 0.5]))
    array([8., 3.])
    """

    name: ClassVar[str] = "pow"
    operands: ClassVar[tuple[str, ...]] = ("x", "exponent")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x", "exponent"), "exponent": ("x", "y")}
    merges: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType, exponent: TensorType) -> TensorType:
        return merged(self.name, (x, exponent))

    def forward(self, x: Array, exponent: Array) -> Array:
        return _power(*at_every_position((x, exponent)))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        if wanted == "x":
            dy, x, exponent = at_every_position((dy, saved["x"], saved["exponent"]))
            return summed_to(dy * exponent * _power(x, exponent - 1), shapes[wanted])
        dy, x, y = at_every_position((dy, saved["x"], saved["y"]))
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(y == 0, 0, y * np.log(x))
        return summed_to(dy * slope, shapes[wanted])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return merge_cost(inputs, outputs)

    def onnx(self) -> Onnx:
        return Onnx("Pow", 15)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        grid, vector, weight = TensorType.of(3, (4, 6)), TensorType.of(3), TensorType((3, 5))
        pairs = ((grid, grid), (grid, vector), (vector, grid), (weight, weight), (TensorType(()), TensorType(())))
        return tuple(Sample(cls(), pair, domain=(0.5, 2.0)) for pair in pairs)


def _power(x: Array, exponent: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(np.power(x, exponent))
