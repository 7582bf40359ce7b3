"""RMSprop, as an operator on one weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, Weight, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.sgd import RATE, require_positive, require_range, require_step


@dataclass(frozen=True)
class RmsProp(Op):
    """One step of RMSprop on one weight: each gradient by the root of its running mean square.

        g = gradient + weight_decay * weight
        square' = decay * square + (1 - decay) * g^2
        mean' = decay * mean + (1 - decay) * g, if centered
        s = g / (sqrt(square' - (mean'^2 if centered else 0)) + epsilon)
        velocity' = momentum * velocity + s
        weight' = weight - lr * rate * (velocity' if momentum else s)

    shapes: weight any, gradient the same, rate scalar -> weight', square', mean' if centered, velocity' if it has one.
    fields: lr (learning rate, >= 0; the operand `rate` is the schedule's factor on it); decay, momentum (>= 0, < 1);
            epsilon (> 0); centered; weight_decay (>= 0, from the penalty weight_decay / 2 * weight^2).
    errors: E0108 a field outside its range; E0204 a gradient or rate of another type.
    cost:   nine flops for each element, five more if centered, two for each of momentum and weight_decay.
    source: Hinton: Neural networks for machine learning, 2012, lecture 6e; centered: Graves: Generating sequences with
            recurrent neural networks, 2013, equations 38 to 41; epsilon outside the root, as in torch.optim.RMSprop.
            A variance that rounding makes negative is 0 here, and no number there.

    >>> RmsProp(lr=0.5, decay=0.75).forward(np.array([3.0]), np.array([4.0]), np.array(1.0), np.array([0.0]))
    (array([2.]), array([4.]))
    """

    lr: float = 0.01
    decay: float = 0.99
    momentum: float = 0.0
    epsilon: float = 1e-8
    centered: bool = False
    weight_decay: float = 0.0

    name: ClassVar[str] = "rmsprop"
    operands: ClassVar[tuple[str, ...]] = ("weight", "gradient", "rate")
    weights: ClassVar[tuple[str, ...]] = ("square", "mean", "velocity")
    optimizer: ClassVar[bool] = True

    @property
    def outputs(self) -> tuple[str, ...]:
        return ("next_weight", *(f"next_{key}" for key in self.updates))

    @property
    def updates(self) -> Mapping[str, int]:
        kept = ["square"] + ["mean"] * self.centered + ["velocity"] * bool(self.momentum)
        return {key: index for index, key in enumerate(kept, start=1)}

    def infer(self, weight: TensorType, gradient: TensorType, rate: TensorType) -> tuple[TensorType, ...]:
        require_range("rmsprop", "lr", self.lr)
        require_range("rmsprop", "decay", self.decay, below=1)
        require_range("rmsprop", "momentum", self.momentum, below=1)
        require_positive("rmsprop", "epsilon", self.epsilon)
        require_range("rmsprop", "weight_decay", self.weight_decay)
        require_step("rmsprop", weight, gradient, rate)
        return (weight,) * (1 + len(self.updates))

    def weight_types(self, weight: TensorType, gradient: TensorType, rate: TensorType) -> Mapping[str, Weight]:
        return {key: Weight(weight, "zeros", trainable=False) for key in self.updates}

    def forward(self, weight: Array, gradient: Array, rate: Array, *states: Array) -> tuple[Array, ...]:
        before = dict(zip(self.updates, states, strict=True))
        g = gradient + self.weight_decay * weight if self.weight_decay else gradient
        after = {"square": self._running(before["square"], np.square(g))}
        spread = after["square"]
        if self.centered:
            after["mean"] = self._running(before["mean"], g)
            spread = np.maximum(spread - np.square(after["mean"]), 0)
        move = g / (np.sqrt(spread) + self.epsilon)
        if self.momentum:
            move = after["velocity"] = np.asarray(self.momentum * before["velocity"] + move)
        return np.asarray(weight - self.lr * float(rate) * move), *after.values()

    def _running(self, before: Array, value: Array) -> Array:
        return np.asarray(self.decay * before + (1 - self.decay) * value)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        flops = 9 + 5 * self.centered + 2 * bool(self.momentum) + 2 * bool(self.weight_decay)
        return Cost(flops * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        matrix = (TensorType((3, 4)), TensorType((3, 4)), RATE)
        forms = (cls(), cls(momentum=0.5), cls(0.1, 0.5, 0.25, 1e-3, centered=True, weight_decay=0.01))
        return tuple(Sample(form, matrix, domain=(0.1, 1.0)) for form in forms)
