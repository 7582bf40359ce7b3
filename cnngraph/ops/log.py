"""Natural logarithm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Onnx, Op, Sample, Saved, Shape, refuse_ids
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Log(Op):
    """Natural logarithm: y = log(x); minus infinity at 0, no number below.

    shapes: any -> the same.  errors: E0204 ids.  cost: one flop for each element.
    source: Kingma, Welling: Auto-encoding variational Bayes, 2014, equation 10; ONNX Log-13.

    >>> Log().forward(np.array([1.0, 10.0])).round(4)
    array([0.    , 2.3026])
    """

    name: ClassVar[str] = "log"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids(self.name, x)
        return x

    def forward(self, x: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(x))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(dy / saved["x"])

    def onnx(self) -> Onnx:
        return Onnx("Log", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        positive = (0.25, 4.0)
        return (
            Sample(cls(), (TensorType.of(3, (4, 5)),), domain=positive),
            Sample(cls(), (TensorType.of(4),), batch=3, domain=positive),
        )
