"""Group normalization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    total_bytes,
)
from cnngraph.ir.types import TensorType
from cnngraph.ops.conv import channel_sums
from cnngraph.ops.layernorm import normal, normal_gradient


@dataclass(frozen=True)
class GroupNorm(Op):
    """Group normalization: each group of channels of a sample gets mean 0 and variance 1 over all its positions.

        y[n, p, c] = (x[n, p, c] - mean[n, g]) / sqrt(variance[n, g] + epsilon) * scale[c] + shift[c],   c in group g

    shapes: c@positions -> the same, or c -> c.  `groupnorm(it.c)` is instance normalization.
    fields: groups (cuts the channels into that many neighbouring parts); epsilon (> 0).
    errors: E0204 the number of features is not fixed; E0108 groups that do not divide the channels, epsilon.
    cost:   7 flops for each element.
    source: Wu, He: Group normalization, ECCV 2018, equations 1 to 6; ONNX GroupNormalization-21.

    >>> GroupNorm(2).forward(np.array([[1.0, 3.0, 5.0, 9.0]]), np.ones(4), np.zeros(4)).round(3)
    array([[-1.,  1., -1.,  1.]])
    """

    groups: int
    epsilon: float = 1e-5

    name: ClassVar[str] = "groupnorm"
    weights: ClassVar[tuple[str, ...]] = ("scale", "shift")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x", "scale"), "scale": ("x",), "shift": ()}

    def infer(self, x: TensorType) -> TensorType:
        channels = fixed_channels_of(self.name, x)
        if self.groups < 1 or channels % self.groups:
            raise OpError("E0108", f"{self.groups} groups do not divide the {channels} channels of groupnorm")
        if not self.epsilon > 0:
            raise OpError("E0108", f"the epsilon of groupnorm must be above 0, not {self.epsilon}")
        return x

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        each = TensorType((fixed_channels_of(self.name, x),), x.dtype)
        return {"scale": Weight(each, "ones"), "shift": Weight(each, "zeros")}

    def forward(self, x: Array, scale: Array, shift: Array) -> Array:
        y, _ = normal(self._rows(x), self.epsilon)
        return self._grid(y, x.shape) * scale + shift

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        if wanted == "shift":
            return channel_sums(dy)
        y, inverse = normal(self._rows(saved["x"]), self.epsilon)
        if wanted == "scale":
            return channel_sums(dy * self._grid(y, dy.shape))
        return self._grid(normal_gradient(self._rows(dy * saved["scale"]), y, inverse), dy.shape)

    def _rows(self, x: Array) -> Array:
        """All values of a group in one row: (N, groups, positions * c / groups)."""
        parts = x.reshape(x.shape[0], -1, self.groups, x.shape[-1] // self.groups)  # (N, P, groups, c / groups)
        return np.moveaxis(parts, 2, 1).reshape(x.shape[0], self.groups, -1)

    def _grid(self, rows: Array, shape: Shape) -> Array:
        """The reverse of `_rows`."""
        parts = rows.reshape(shape[0], self.groups, -1, shape[-1] // self.groups)  # (N, groups, P, c / groups)
        return np.moveaxis(parts, 1, 2).reshape(shape)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(7 * inputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def field_of_view(self, rank: int) -> None:
        return None

    def onnx(self) -> Onnx:
        return Onnx("GroupNormalization", 21, {"num_groups": self.groups, "epsilon": self.epsilon})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(2), (TensorType.of(6, (4, 3)),)),
            Sample(cls(5), (TensorType.of(5, (7,)),)),
            Sample(cls(1, 1e-2), (TensorType.of(4),), batch=3),
        )
