"""A batch normalization as part of the product before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.norm_line import line


@dataclass(frozen=True)
class FoldNorm(Op):
    """The weight and the bias of a product that give at once what it and the batch normalization behind it give.

        factor = scale / sqrt(variance + epsilon),   weight'[..., k] = weight[..., k] * factor[k],
        bias'[k] = (bias[k] - mean[k]) * factor[k] + shift[k],   with bias = 0 where there is none

    shapes: weight (..., k), five of (k,) or four without bias -> (..., k), (k,).
    fields: epsilon (> 0); bias (whether the product has one, which then is the second operand).
    cost:   one flop for each weight.
    source: Jacob et al.: Quantization and training of neural networks, CVPR 2018, section 3.2 (batch norm folding).

    >>> scale, shift, mean, variance = (np.array([number]) for number in (6.0, 1.0, 2.0, 3.0))
    >>> FoldNorm(1.0, bias=False).forward(np.array([[0.5]]), scale, shift, mean, variance)
    (array([[1.5]]), array([-5.]))
    """

    epsilon: float = 1e-5
    bias: bool = True

    name: ClassVar[str] = "fold_norm"
    outputs: ClassVar[tuple[str, ...]] = ("weight", "bias")
    internal: ClassVar[bool] = True

    @property
    def operands(self) -> tuple[str, ...]:
        return ("weight", *(("bias",) if self.bias else ()), "scale", "shift", "mean", "variance")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        weight, *vectors = inputs
        assert all(v.shape == weight.shape[-1:] for v in vectors), "one number for each feature"
        return weight, vectors[0]

    def forward(self, *inputs: Array) -> tuple[Array, ...]:
        weight, *bias, scale, shift, mean, variance = inputs
        factor, rest = line(scale, shift, mean, variance, self.epsilon)
        return weight * factor, np.asarray(bias[0] * factor + rest if bias else rest)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        window, matrix = TensorType((3, 2, 4, 5)), TensorType((4, 3))
        return (
            Sample(cls(), (window, *(TensorType((5,)),) * 5)),
            Sample(cls(1e-3, bias=False), (matrix, *(TensorType((3,)),) * 4)),
        )
