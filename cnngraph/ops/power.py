"""Power with a fixed exponent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Op, Sample, Saved, Shape, refuse_ids
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Power(Op):
    """Power with a fixed exponent: y = x ** exponent. `power(0.5)` is the square root, `power(-1)` the reciprocal.

    Below 0 only whole exponents give numbers.

    shapes: any -> the same.  fields: exponent (any number).  errors: E0204 ids.
    cost:   one flop for each element.
    source: Radenovic, Tolias, Chum: Fine-tuning CNN image retrieval, PAMI 2019, equation 3 (the mean of powers);
            ONNX Pow-15 with a constant, Sqrt-13, Reciprocal-13.

    >>> Power(0.5).forward(np.array([4.0, 9.0]))
    array([2., 3.])
    """

    exponent: float

    name: ClassVar[str] = "power"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids(self.name, x)
        return x

    def forward(self, x: Array) -> Array:
        return power(x, self.exponent)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        if self.exponent == 0:
            return np.zeros_like(dy)
        return np.asarray(dy * (self.exponent * power(saved["x"], self.exponent - 1)))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        positive = (0.25, 4.0)
        return (
            Sample(cls(3), (TensorType.of(3, (4, 5)),)),
            Sample(cls(-1), (TensorType.of(4),), batch=3, domain=positive),
            Sample(cls(0.5), (TensorType((4, 3)),), domain=positive),
            Sample(cls(-1.5), (TensorType.of(2, (5,)),), batch=1, domain=positive),
        )


def power(x: Array, exponent: float) -> Array:
    """x ** exponent in the precision of x; the frequent exponents exactly and quickly."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if exponent == -1:
            return np.asarray(1 / x)
        return np.asarray(np.sqrt(x) if exponent == 0.5 else np.power(x, x.dtype.type(exponent)))
