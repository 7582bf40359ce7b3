"""One of two values at each place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, Saved, Shape, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.add import at_every_position, merged, summed_to


@dataclass(frozen=True)
class Select(Op):
    """One of two values at each place: y = x where mask is not 0, else other. A vector c serves every position.

    The gradient goes to the value that was taken; the mask has none. What is not taken may be infinite.

    shapes: equal shapes -> the same; among grids c@positions, some may be vectors c.
    errors: E0301 different positions; E0302 different channels; E0204 ids.
    cost:   one flop for each element.
    source: Vaswani et al.: Attention is all you need, 2017, section 3.2.3 (illegal connections are masked);
            ONNX Where-16, whose condition is a truth.

    >>> Select().forward(np.array([1.0, 0.0]), np.array([5.0, 5.0]), np.array([7.0, 7.0]))
    array([5., 7.])
    """

    name: ClassVar[str] = "select"
    operands: ClassVar[tuple[str, ...]] = ("mask", "x", "other")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("mask",), "other": ("mask",)}
    merges: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, mask: TensorType, x: TensorType, other: TensorType) -> TensorType:
        return merged(self.name, (mask, x, other))

    def forward(self, mask: Array, x: Array, other: Array) -> Array:
        mask, x, other = at_every_position((mask, x, other))
        return np.where(mask != 0, x, other)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        dy, mask = at_every_position((dy, saved["mask"]))
        taken = mask != 0 if wanted == "x" else mask == 0
        return summed_to(dy * taken, shapes[wanted])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        grid, vector = TensorType.of(3, (4, 6)), TensorType.of(3)
        return (
            Sample(cls(), (grid, grid, grid)),
            Sample(cls(), (vector, grid, vector)),
            Sample(cls(), (TensorType.of(5),) * 3, batch=3),
        )
