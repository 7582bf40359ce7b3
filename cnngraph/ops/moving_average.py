"""The moving average of a state over the steps of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, Sample, Weight, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ops.sgd import require_range


@dataclass(frozen=True)
class MovingAverage(Op):
    """The mean of all values of a state so far, a value that is k steps old with the weight decay^k.

        t = count + 1
        keep = decay * (1 - decay^(t - 1)) / (1 - decay^t)
        mean' = keep * mean + (1 - keep) * value

    The first mean is the first value: what it was before does not count.

    shapes: any -> mean' of the same, and t.
    fields: decay (0 <= decay < 1).
    errors: E0108 the decay.
    cost:   three flops for each element.
    source: Kingma, Ba: Adam, ICLR 2015, section 7.2 (temporal averaging), with its correction in each step.

    >>> MovingAverage(0.5).forward(np.array([6.0]), np.array([3.0]), np.array(1.0))
    (array([5.]), array(2.))
    """

    decay: float

    name: ClassVar[str] = "moving_average"
    operands: ClassVar[tuple[str, ...]] = ("value",)
    weights: ClassVar[tuple[str, ...]] = ("mean", "count")
    outputs: ClassVar[tuple[str, ...]] = ("next_mean", "next_count")
    updates: ClassVar[Mapping[str, int]] = {"mean": 0, "count": 1}
    internal: ClassVar[bool] = True

    def infer(self, value: TensorType) -> tuple[TensorType, ...]:
        require_range("moving_average", "decay", self.decay, below=1)
        return value, TensorType(())

    def weight_types(self, value: TensorType) -> Mapping[str, Weight]:
        types = {"mean": value, "count": TensorType(())}
        return {key: Weight(type_, "zeros", trainable=False) for key, type_ in types.items()}

    def forward(self, value: Array, mean: Array, count: Array) -> tuple[Array, ...]:
        before = float(count)
        keep = self.decay * (1 - self.decay**before) / (1 - self.decay ** (before + 1))
        return np.asarray(keep * mean + (1 - keep) * value), np.asarray(count + 1)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(3 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        positive = (0.1, 1.0)  # a count is not below 0
        forms = ((cls(0.9), TensorType((3, 4))), (cls(0.0), TensorType((5,))))
        return tuple(Sample(op, (type_,), domain=positive) for op, type_ in forms)
