"""Stochastic gradient descent, as an operator on one weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Weight, total_bytes
from cnngraph.ir.types import TensorType

RATE = TensorType(())


@dataclass(frozen=True)
class Sgd(Op):
    """One step of gradient descent on one weight.

        g = gradient + weight_decay * weight
        velocity' = momentum * velocity + g
        weight' = weight - lr * rate * (g + momentum * velocity' if nesterov else velocity')

    shapes: weight any, gradient the same, rate scalar -> weight', and velocity' if momentum > 0.
    fields: lr (learning rate, >= 0; the operand `rate` is the schedule's factor on it); momentum (0 <= momentum < 1);
            nesterov (needs momentum); weight_decay (>= 0, from the penalty weight_decay / 2 * weight^2).
    errors: E0108 a field outside its range; E0204 a gradient or rate of another type.
    cost:   two flops for each element, and two more for each of momentum, nesterov and weight_decay.
    source: Sutskever et al., ICML 2013, section 2, in the form of torch.optim.SGD: lr is outside the velocity.

    >>> Sgd(lr=0.5).forward(np.array([1.0]), np.array([4.0]), np.array(1.0))
    (array([-1.]),)
    """

    lr: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    name: ClassVar[str] = "sgd"
    operands: ClassVar[tuple[str, ...]] = ("weight", "gradient", "rate")
    weights: ClassVar[tuple[str, ...]] = ("velocity",)
    updates: ClassVar[Mapping[str, int]] = {"velocity": 1}
    optimizer: ClassVar[bool] = True

    @property
    def outputs(self) -> tuple[str, ...]:
        return ("next_weight", "next_velocity") if self.momentum else ("next_weight",)

    @property
    def changes_state(self) -> bool:
        return self.momentum > 0

    def infer(self, weight: TensorType, gradient: TensorType, rate: TensorType) -> tuple[TensorType, ...]:
        require_range("sgd", "lr", self.lr)
        require_range("sgd", "momentum", self.momentum, below=1)
        require_range("sgd", "weight_decay", self.weight_decay)
        if self.nesterov and not self.momentum:
            raise OpError("E0108", "nesterov of sgd needs a momentum", ("add `momentum = 0.9`",))
        require_step("sgd", weight, gradient, rate)
        return (weight, weight) if self.momentum else (weight,)

    def weight_types(self, weight: TensorType, gradient: TensorType, rate: TensorType) -> Mapping[str, Weight]:
        return {"velocity": Weight(weight, "zeros", trainable=False)} if self.momentum else {}

    def forward(
        self, weight: Array, gradient: Array, rate: Array, velocity: Array | None = None
    ) -> tuple[Array, ...]:
        step = self.lr * rate.astype(weight.dtype)
        direction = gradient + self.weight_decay * weight if self.weight_decay else gradient
        if velocity is None:
            return (np.asarray(weight - step * direction),)
        velocity = np.asarray(self.momentum * velocity + direction)
        direction = direction + self.momentum * velocity if self.nesterov else velocity
        return np.asarray(weight - step * direction), velocity

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        products = 1 + bool(self.momentum) + self.nesterov + bool(self.weight_decay)
        return Cost(2 * products * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        matrix = (TensorType((3, 4)), TensorType((3, 4)), RATE)
        forms = (cls(), cls(0.1, 0.9), cls(0.1, 0.5, nesterov=True, weight_decay=0.01))
        return tuple(Sample(form, matrix) for form in forms)


def require_range(name: str, what: str, value: float, below: float = float("inf")) -> None:
    """Raise `OpError` unless 0 <= value < below."""
    if not 0 <= value < below:
        limits = "0 or more" if below == float("inf") else f"at least 0 and below {below:g}"
        raise OpError("E0108", f"the {what} of {name} must be {limits}, not {value}")


def require_positive(name: str, what: str, value: float) -> None:
    """Raise `OpError` unless value > 0."""
    if not value > 0:
        raise OpError("E0108", f"the {what} of {name} must be above 0, not {value}")


def require_step(name: str, weight: TensorType, gradient: TensorType, rate: TensorType) -> None:
    """Raise `OpError` unless the operands of an optimizer belong together."""
    if gradient != weight:
        raise OpError("E0204", f"{name} cannot change a weight {weight} by a gradient {gradient}", operand=1)
    if rate.shape:
        raise OpError("E0204", f"the rate of {name} must be a scalar, not {rate}", operand=2)
