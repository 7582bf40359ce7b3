"""Adam, as an operator on one weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, Weight, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.sgd import RATE, require_positive, require_range, require_step

STEP = TensorType(())


@dataclass(frozen=True)
class Adam(Op):
    """One step of Adam on one weight.

        g = gradient + weight_decay * weight,    t = step + 1
        first' = beta1 * first + (1 - beta1) * g
        second' = beta2 * second + (1 - beta2) * g^2
        largest' = max(largest, second') if amsgrad else second'
        weight' = weight - lr * rate * first' / (1 - beta1^t) / (sqrt(largest' / (1 - beta2^t)) + epsilon)

    shapes: weight any, gradient the same, rate scalar -> weight', first', second', t, and largest' if amsgrad.
    fields: lr (learning rate, >= 0; the operand `rate` is the schedule's factor on it); beta1, beta2 (0 <= beta < 1);
            epsilon (> 0); weight_decay (>= 0, from the penalty weight_decay / 2 * weight^2); amsgrad.
    errors: E0108 a field outside its range; E0204 a gradient or rate of another type.
    cost:   twelve flops for each element, two more for weight_decay, one for amsgrad.
    source: Kingma, Ba, ICLR 2015, algorithm 1; Reddi et al., ICLR 2018, algorithm 2 (amsgrad), with the corrections of
            Adam; both as in torch.optim.Adam. ONNX's Adam-1 of ai.onnx.preview.training is the same step with its
            epsilon inside the correction.

    >>> weight, zero = np.array([1.0]), np.array([0.0])
    >>> Adam(lr=0.5).forward(weight, np.array([4.0]), np.array(1.0), zero, zero, np.array(0.0))[0].round(6)
    array([0.5])
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    amsgrad: bool = False

    name: ClassVar[str] = "adam"
    operands: ClassVar[tuple[str, ...]] = ("weight", "gradient", "rate")
    weights: ClassVar[tuple[str, ...]] = ("first", "second", "step", "largest")
    optimizer: ClassVar[bool] = True

    @property
    def outputs(self) -> tuple[str, ...]:
        return ("next_weight", *(f"next_{key}" for key in self.updates))

    @property
    def updates(self) -> Mapping[str, int]:
        moments = {"first": 1, "second": 2, "step": 3}
        return {**moments, "largest": 4} if self.amsgrad else moments

    def infer(self, weight: TensorType, gradient: TensorType, rate: TensorType) -> tuple[TensorType, ...]:
        require_range(self.name, "lr", self.lr)
        require_range(self.name, "beta1", self.beta1, below=1)
        require_range(self.name, "beta2", self.beta2, below=1)
        require_positive(self.name, "epsilon", self.epsilon)
        require_range(self.name, "weight_decay", self.weight_decay)
        require_step(self.name, weight, gradient, rate)
        return (weight, weight, weight, STEP, weight) if self.amsgrad else (weight, weight, weight, STEP)

    def weight_types(self, weight: TensorType, gradient: TensorType, rate: TensorType) -> Mapping[str, Weight]:
        moment = Weight(weight, "zeros", trainable=False)
        types = {"first": moment, "second": moment, "step": Weight(STEP, "zeros", trainable=False)}
        return {**types, "largest": moment} if self.amsgrad else types

    def forward(self, weight: Array, gradient: Array, rate: Array, *states: Array) -> tuple[Array, ...]:
        g = gradient + self.weight_decay * weight if self.weight_decay else gradient
        return self.moved(weight, g, float(rate), *states)

    def moved(self, weight: Array, g: Array, rate: float, *states: Array) -> tuple[Array, ...]:
        """The step along `g` alone: decay is in it, or in `weight`, or nowhere."""
        first, second, step, *largest = states
        first = np.asarray(self.beta1 * first + (1 - self.beta1) * g)
        second = np.asarray(self.beta2 * second + (1 - self.beta2) * np.square(g))
        largest = [np.maximum(before, second) for before in largest]
        # The corrections are single numbers: in double precision, for 1 - beta2 has few digits left in float32.
        count = float(step) + 1
        size = self.lr * rate / (1 - self.beta1**count)
        root = np.sqrt(largest[0] if largest else second) / sqrt(1 - self.beta2**count) + self.epsilon
        return np.asarray(weight - size * first / root), first, second, np.asarray(step + 1), *largest

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        flops = 12 + 2 * bool(self.weight_decay) + self.amsgrad
        return Cost(flops * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        matrix = (TensorType((3, 4)), TensorType((3, 4)), RATE)
        forms = (cls(), cls(0.1, 0.5, 0.75, 1e-3, 0.01), cls(amsgrad=True))
        return tuple(Sample(form, matrix) for form in forms)
