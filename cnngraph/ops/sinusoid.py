"""Numbers as waves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, internal_field, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Sinusoid(Op):
    """A whole number as a vector of sines and cosines, from fast to slow: how a network is told the time.

        y[..., i] = sin(x / period^(i / h)),    y[..., h + i] = cos(x / period^(i / h)),    0 <= i < h = features / 2

    The sines stand before the cosines, as in programs; the first paper has them in turn, which differs only by an order
    of the features that the next layer learns anyway.

    shapes: ids(v)@positions -> features@positions.
    fields: features (even, >= 2); period (> 0: about the longest wave, over 2 pi).
    errors: E0108 features, period; E0204 no ids.  cost: three flops for each element.
    source: Vaswani et al.: Attention is all you need, 2017, section 3.5; Ho, Jain, Abbeel: Denoising diffusion
            probabilistic models, 2020, appendix B (of the time).

    >>> Sinusoid(2).forward(np.array([0, 1])).round(4)
    array([[0.    , 1.    ],
           [0.8415, 0.5403]], dtype=float32)
    """

    features: int
    period: float = 10_000.0
    dtype: str = internal_field("float32")

    name: ClassVar[str] = "sinusoid"

    def infer(self, x: TensorType) -> TensorType:
        if x.vocabulary is None:
            helps = (f"declare it as ids, e.g. `time: ids(1000)`, not as {x}",)
            raise OpError("E0204", f"sinusoid needs whole numbers, but receives {x}", helps, operand=0)
        if self.features < 2 or self.features % 2:
            raise OpError("E0108", f"the features of sinusoid must be even and 2 or more, not {self.features}")
        if not self.period > 0:
            raise OpError("E0108", f"the period of sinusoid must be above 0, not {self.period}")
        return TensorType((*x.shape, self.features), self.dtype)

    def forward(self, x: Array) -> Array:
        half = self.features // 2
        angles = x[..., None] / self.period ** (np.arange(half) / half)  # (N, positions..., features / 2)
        return np.concatenate([np.sin(angles), np.cos(angles)], axis=-1).astype(self.dtype)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(3 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(6), (TensorType.ids(1000),), batch=3),
            Sample(cls(4, 100.0), (TensorType.ids(9, (5,)),)),
        )
