"""Adam, as an operator on one weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Weight, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.sgd import RATE, require_range, require_step

STEP = TensorType(())


@dataclass(frozen=True)
class Adam(Op):
    """One step of Adam on one weight.

        g = gradient + weight_decay * weight,    t = step + 1
        first' = beta1 * first + (1 - beta1) * g
        second' = beta2 * second + (1 - beta2) * g^2
        weight' = weight - lr * rate * first' / (1 - beta1^t) / (sqrt(second' / (1 - beta2^t)) + epsilon)

    shapes: weight any, gradient the same, rate scalar -> weight', first', second', t.
    fields: lr (learning rate, >= 0; the operand `rate` is the schedule's factor on it); beta1, beta2 (0 <= beta < 1);
            epsilon (> 0); weight_decay (>= 0, from the penalty weight_decay / 2 * weight^2).
    errors: E0108 a field outside its range; E0204 a gradient or rate of another type.
    cost:   twelve flops for each element, two more for weight_decay.
    source: Kingma, Ba, ICLR 2015, algorithm 1; weight_decay as in torch.optim.Adam.

    >>> weight, zero = np.array([1.0]), np.array([0.0])
    >>> Adam(lr=0.5).forward(weight, np.array([4.0]), np.array(1.0), zero, zero, np.array(0.0))[0].round(6)
    array([0.5])
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    name: ClassVar[str] = "adam"
    operands: ClassVar[tuple[str, ...]] = ("weight", "gradient", "rate")
    weights: ClassVar[tuple[str, ...]] = ("first", "second", "step")
    outputs: ClassVar[tuple[str, ...]] = ("next_weight", "next_first", "next_second", "next_step")
    updates: ClassVar[Mapping[str, int]] = {"first": 1, "second": 2, "step": 3}
    optimizer: ClassVar[bool] = True

    def infer(self, weight: TensorType, gradient: TensorType, rate: TensorType) -> tuple[TensorType, ...]:
        require_range("adam", "lr", self.lr)
        require_range("adam", "beta1", self.beta1, below=1)
        require_range("adam", "beta2", self.beta2, below=1)
        require_range("adam", "weight_decay", self.weight_decay)
        if not self.epsilon > 0:
            raise OpError("E0108", f"the epsilon of adam must be above 0, not {self.epsilon}")
        require_step("adam", weight, gradient, rate)
        return weight, weight, weight, STEP

    def weight_types(self, weight: TensorType, gradient: TensorType, rate: TensorType) -> Mapping[str, Weight]:
        moment = Weight(weight, "zeros", trainable=False)
        return {"first": moment, "second": moment, "step": Weight(STEP, "zeros", trainable=False)}

    def forward(
        self, weight: Array, gradient: Array, rate: Array, first: Array, second: Array, step: Array
    ) -> tuple[Array, ...]:
        g = gradient + self.weight_decay * weight if self.weight_decay else gradient
        first = np.asarray(self.beta1 * first + (1 - self.beta1) * g)
        second = np.asarray(self.beta2 * second + (1 - self.beta2) * np.square(g))
        # The corrections are single numbers: in double precision, for 1 - beta2 has few digits left in float32.
        count = float(step) + 1
        size = self.lr * float(rate) / (1 - self.beta1**count)
        root = np.sqrt(second) / sqrt(1 - self.beta2**count) + self.epsilon
        return np.asarray(weight - size * first / root), first, second, np.asarray(step + 1)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        flops = 12 + 2 * bool(self.weight_decay)
        return Cost(flops * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        matrix = (TensorType((3, 4)), TensorType((3, 4)), RATE)
        return (Sample(cls(), matrix), Sample(cls(0.1, 0.5, 0.75, 1e-3, 0.01), matrix))
