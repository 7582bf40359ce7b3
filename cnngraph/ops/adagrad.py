"""Adagrad, as an operator on one weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, Weight, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.sgd import RATE, require_positive, require_range, require_step


@dataclass(frozen=True)
class Adagrad(Op):
    """One step of Adagrad on one weight: what has moved much moves less and less.

        g = gradient + weight_decay * weight
        sum' = sum + g^2
        weight' = weight - lr * rate * g / (sqrt(sum') + epsilon)

    shapes: weight any, gradient the same, rate scalar -> weight', sum'.
    fields: lr (learning rate, >= 0; the operand `rate` is the schedule's factor on it); initial (the first sum, >= 0);
            epsilon (> 0); weight_decay (>= 0, from the penalty weight_decay / 2 * weight^2).
    errors: E0108 a field outside its range; E0204 a gradient or rate of another type.
    cost:   seven flops for each element, two more for weight_decay.
    source: Duchi et al., JMLR 12, 2011, section 1.1 (diagonal form); epsilon as in torch.optim.Adagrad and in ONNX's
            Adagrad-1 of ai.onnx.preview.training.

    >>> Adagrad(lr=0.5).forward(np.array([1.0]), np.array([4.0]), np.array(1.0), np.array([9.0]))
    (array([0.6]), array([25.]))
    """

    lr: float = 0.01
    initial: float = 0.0
    epsilon: float = 1e-10
    weight_decay: float = 0.0

    name: ClassVar[str] = "adagrad"
    operands: ClassVar[tuple[str, ...]] = ("weight", "gradient", "rate")
    weights: ClassVar[tuple[str, ...]] = ("sum",)
    outputs: ClassVar[tuple[str, ...]] = ("next_weight", "next_sum")
    updates: ClassVar[Mapping[str, int]] = {"sum": 1}
    optimizer: ClassVar[bool] = True

    def infer(self, weight: TensorType, gradient: TensorType, rate: TensorType) -> tuple[TensorType, ...]:
        require_range("adagrad", "lr", self.lr)
        require_range("adagrad", "initial", self.initial)
        require_positive("adagrad", "epsilon", self.epsilon)
        require_range("adagrad", "weight_decay", self.weight_decay)
        require_step("adagrad", weight, gradient, rate)
        return weight, weight

    def weight_types(self, weight: TensorType, gradient: TensorType, rate: TensorType) -> Mapping[str, Weight]:
        return {"sum": Weight(weight, repr(float(self.initial)), trainable=False)}

    def forward(self, weight: Array, gradient: Array, rate: Array, total: Array) -> tuple[Array, ...]:
        g = gradient + self.weight_decay * weight if self.weight_decay else gradient
        total = np.asarray(total + np.square(g))
        return np.asarray(weight - self.lr * float(rate) * g / (np.sqrt(total) + self.epsilon)), total

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        flops = 7 + 2 * bool(self.weight_decay)
        return Cost(flops * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        matrix = (TensorType((3, 4)), TensorType((3, 4)), RATE)
        return tuple(Sample(form, matrix, domain=(0.1, 1.0)) for form in (cls(), cls(0.1, 0.1, 1e-3, 0.01)))
