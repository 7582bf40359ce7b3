"""A learned vector for each id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import (
    Array,
    Cost,
    Onnx,
    Op,
    OpError,
    Sample,
    Saved,
    Shape,
    Weight,
    internal_field,
    total_bytes,
    total_elements,
)
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Embed(Op):
    """A learned vector for each id: y[...] = weight[x[...]], a row of a table.

    shapes: ids(v) -> features; ids(v)@positions -> features@positions; the table is (v, features).
    fields: features (>= 1).
    errors: E0204 no ids; E0108 fewer than one feature.
    cost:   no flops, each row is read and written once; the gradient adds one flop for each element.
    source: Bengio et al., JMLR 3, 2003, section 2 (the matrix C); ONNX Gather-13.

    Ids have no precision, so the operator has: float32, in which people run, unless tests ask for another.

    >>> print(Embed(512).infer(TensorType.ids(37_000, (10,))))
    512@10
    """

    features: int
    dtype: str = internal_field("float32")

    name: ClassVar[str] = "embed"
    weights: ClassVar[tuple[str, ...]] = ("weight",)
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"weight": ("x",)}

    def infer(self, x: TensorType) -> TensorType:
        if x.vocabulary is None:
            helps = ("`linear(n)` acts on the features at every position",)
            raise OpError("E0204", f"embed needs ids such as ids(1000)@T, but receives {x}", helps, operand=0)
        if self.features < 1:
            raise OpError("E0108", f"embed must have at least 1 feature, not {self.features}")
        return TensorType((*x.shape, self.features), self.dtype)

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        assert x.vocabulary is not None, "infer refuses what is not ids"
        return {"weight": Weight(TensorType((x.vocabulary, self.features), self.dtype), "unit_rows")}

    def forward(self, x: Array, weight: Array) -> Array:
        y: Array = weight[x]
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        dw = np.zeros(shapes["weight"], dy.dtype)
        np.add.at(dw, saved["x"], dy)
        return dw

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs[:1]) + 2 * total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(total_elements(outputs), total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("Gather", 13, {"axis": 0})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(3), (TensorType.ids(7, (5,)),)),
            Sample(cls(4), (TensorType.ids(6),), batch=3),
            Sample(cls(2), (TensorType.ids(5, (3, 4)),)),
        )
