"""A gradient, shortened by what all gradients together are too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.sgd import require_positive


@dataclass(frozen=True)
class ClipNorm(Op):
    """A gradient, shortened by what all gradients together are too long: y = x * limit / max(norm, limit).

    A norm that is no number makes all gradients no numbers, as it should: the loss tells.

    shapes: any, norm scalar -> the first.
    fields: limit (> 0).
    errors: E0108 the limit; E0204 a norm that is no scalar.
    cost:   one flop for each element.
    source: Pascanu et al.: On the difficulty of training recurrent neural networks, ICML 2013, algorithm 1.
            (torch.nn.utils.clip_grad_norm_ adds 1e-6 to the norm.)

    >>> ClipNorm(1.0).forward(np.array([3.0, 4.0]), np.array(5.0))
    array([0.6, 0.8])
    """

    limit: float

    name: ClassVar[str] = "clip_norm"
    operands: ClassVar[tuple[str, ...]] = ("x", "norm")
    internal: ClassVar[bool] = True

    def infer(self, x: TensorType, norm: TensorType) -> TensorType:
        require_positive("clip_norm", "limit", self.limit)
        if norm.shape:
            raise OpError("E0204", f"the norm of clip_norm must be a scalar, not {norm}", operand=1)
        return x

    def forward(self, x: Array, norm: Array) -> Array:
        return np.asarray(x * (self.limit / float(np.maximum(norm, self.limit))))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        norm = TensorType((), "float64")
        return (Sample(cls(1.0), (TensorType((3, 4, 5)), norm)), Sample(cls(0.25), (TensorType((3,)), norm)))
