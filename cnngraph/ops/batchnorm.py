"""Batch normalization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import (
    Array,
    Cost,
    Onnx,
    Op,
    OpError,
    Sample,
    Saved,
    Shape,
    Weight,
    fixed_channels_of,
    internal_field,
    total_bytes,
)
from cnngraph.ir.types import TensorType
from cnngraph.ops.conv import channel_sums, matrix


@dataclass(frozen=True)
class BatchNorm(Op):
    """Batch normalization: each channel gets mean 0 and variance 1, then a learned scale and shift.

        y = (x - mean) / sqrt(variance + epsilon) * scale + shift

    Inference uses the running mean and variance. Training uses those of the batch (over samples and positions),
    and also gives the batch mean, the inverse deviation 1 / sqrt(variance + epsilon), and the next running values:

        running' = momentum * running + (1 - momentum) * that of the batch        (the variance with divisor m - 1)

    shapes: c@positions -> c@positions, or c -> c; training: further four of shape (c,).
    fields: epsilon (> 0); momentum (0 to 1, how much of the old is kept: PyTorch's momentum is 1 - this).
    errors: E0204 the number of features is not fixed; E0108 fields outside their range.
    cost:   2 flops for each element in inference, 7 in training.
    source: Ioffe, Szegedy, ICML 2015, algorithms 1 and 2; ONNX BatchNormalization-15.

    >>> BatchNorm().for_training().outputs
    ('y', 'batch_mean', 'inverse_deviation', 'next_mean', 'next_variance')
    """

    epsilon: float = 1e-5
    momentum: float = 0.9
    training: bool = internal_field(False)

    name: ClassVar[str] = "batchnorm"
    weights: ClassVar[tuple[str, ...]] = ("scale", "shift", "mean", "variance")
    updates: ClassVar[Mapping[str, int]] = {"mean": 3, "variance": 4}

    @property
    def outputs(self) -> tuple[str, ...]:
        more = ("batch_mean", "inverse_deviation", "next_mean", "next_variance")
        return ("y", *more) if self.training else ("y",)

    @property
    def saves(self) -> Mapping[str, tuple[str, ...]]:
        if self.training:
            statistics = ("batch_mean", "inverse_deviation")
            return {"x": ("x", "scale", *statistics), "scale": ("x", *statistics), "shift": ()}
        return {"x": ("scale", "variance"), "scale": ("x", "mean", "variance"), "shift": ()}

    @property
    def changes_state(self) -> bool:
        return self.training

    @property
    def samplewise(self) -> bool:
        return not self.training  # training uses the statistics of the whole batch

    def for_training(self) -> BatchNorm:
        return replace(self, training=True)

    def infer(self, x: TensorType) -> TensorType | tuple[TensorType, ...]:
        if not self.epsilon > 0:
            raise OpError("E0108", f"the epsilon of batchnorm must be above 0, not {self.epsilon}")
        if not 0 <= self.momentum <= 1:
            raise OpError("E0108", f"the momentum of batchnorm must be from 0 to 1, not {self.momentum}")
        each = TensorType((fixed_channels_of(self.name, x),), x.dtype)
        return (x, each, each, each, each) if self.training else x

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        each = TensorType((fixed_channels_of(self.name, x),), x.dtype)
        return {
            "scale": Weight(each, "ones"),
            "shift": Weight(each, "zeros"),
            "mean": Weight(each, "zeros", trainable=False),
            "variance": Weight(each, "ones", trainable=False),
        }

    def forward(
        self, x: Array, scale: Array, shift: Array, mean: Array, variance: Array
    ) -> Array | tuple[Array, ...]:
        if not self.training:
            y: Array = (x - mean) * (scale * self._inverse(variance)) + shift
            return y
        count = matrix(x).shape[0]
        batch_mean = channel_sums(x) / count
        centred = x - batch_mean
        batch_variance = channel_sums(centred * centred) / count
        inverse = self._inverse(batch_variance)
        unbiased = batch_variance * (count / max(count - 1, 1))
        return (
            centred * (scale * inverse) + shift,
            batch_mean,
            inverse,
            self.momentum * mean + (1 - self.momentum) * batch_mean,
            self.momentum * variance + (1 - self.momentum) * unbiased,
        )

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        if wanted == "shift":
            return channel_sums(dy)
        inverse = saved["inverse_deviation"] if self.training else self._inverse(saved["variance"])
        dx: Array
        if wanted == "x" and not self.training:
            dx = dy * (saved["scale"] * inverse)
            return dx
        normal = (saved["x"] - saved["batch_mean" if self.training else "mean"]) * inverse
        slope = channel_sums(dy * normal)
        if wanted == "scale":
            return slope
        count = matrix(dy).shape[0]
        dx = (dy - (channel_sums(dy) + normal * slope) / count) * (saved["scale"] * inverse)
        return dx

    def _inverse(self, variance: Array) -> Array:
        inverse: Array = 1 / np.sqrt(variance + self.epsilon)
        return inverse

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(inputs[0].elements * (7 if self.training else 2), total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx | None:
        if self.training:
            return None  # its running variance has the divisor m
        return Onnx("BatchNormalization", 15, {"epsilon": self.epsilon, "momentum": self.momentum})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(), (TensorType.of(3, (4, 5)),)),
            Sample(cls(1e-3, 0.99), (TensorType.of(4),), batch=5),
        )
