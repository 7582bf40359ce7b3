"""Transposed convolution in one, two or three dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, Weight, fixed_channels_of, product_cost
from cnngraph.ir.size import Dim
from cnngraph.ir.types import TensorType, positions_text
from cnngraph.ir.window import Geometry, Padding, Strides, Window, lay, require_grid
from cnngraph.ops.conv import add_windows, channel_sums, matrix, patches, unpadded


@dataclass(frozen=True)
class UpConv(Op):
    """Transposed convolution: each input position spreads its window over the output. The gradient of a convolution.

        y[n, q, k] = bias[k] + sum_{o, i, c: o * stride + i - pad = q} x[n, o, c] * weight[i, c, k]

    The weight has the shape (window..., channels, features), as in conv. PyTorch's has (channels, features, window...).

    shapes: c@positions -> features@positions', positions' = (N - 1) * S + F - 2P; in 1, 2 or 3 dimensions.
    fields: features (output channels, >= 1); window (with its stride as in `4x4/2`); pad (positions taken off each side
            of the output, written as in conv); bias; stride.
    errors: E0202 no grid; E0203 no positions left; E0108 fields outside their range.
    cost:   multiply-adds = positions * window * channels * features.
    source: Dumoulin, Visin: A guide to convolution arithmetic, 2016, chapter 4; ONNX ConvTranspose-22.

    >>> print(UpConv(64, Window((4, 4), (2, 2)), 1).infer(TensorType.of(128, (7, 7))))
    64@14x14
    """

    features: int
    window: Window
    pad: Padding = 0
    bias: bool = True
    stride: Strides = None

    name: ClassVar[str] = "upconv"
    weights: ClassVar[tuple[str, ...]] = ("weight", "bias")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("weight",), "weight": ("x",), "bias": ()}
    counts_depth: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        require_grid(self.name, x)
        fixed_channels_of(self.name, x)
        if self.features < 1:
            raise OpError("E0108", f"upconv must have at least 1 feature, not {self.features}")
        positions = self._grown(x.positions)
        if any(isinstance(n, int) and n < 1 for n in positions):
            raise OpError("E0203", f"the pad of upconv leaves no positions of {positions_text(x.positions)}", operand=0)
        return x.known(channels=self.features, positions=positions)

    def geometry(self, rank: int) -> Geometry:
        """The windows that this operator spreads: those of the convolution from its output to its input."""
        return lay(self.name, rank, self.window, self.pad, self.stride)

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        shape = (*self.geometry(len(x.positions)).size, fixed_channels_of(self.name, x), self.features)
        weights = {"weight": Weight(TensorType(shape, x.dtype), "he")}
        return {**weights, "bias": Weight(TensorType((self.features,), x.dtype), "zeros")} if self.bias else weights

    def forward(self, x: Array, weight: Array, bias: Array | None = None) -> Array:
        g = self.geometry(x.ndim - 2)
        whole = [(n - 1) * s + f for n, s, f in zip(x.shape[1:-1], g.stride, g.size, strict=True)]
        y = np.zeros((x.shape[0], *whole, self.features), x.dtype)
        add_windows(y, x, weight.swapaxes(-1, -2), g)
        if bias is not None:
            y += bias
        return unpadded(y, g)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        if wanted == "bias":
            return channel_sums(dy)
        g = self.geometry(len(shapes["x"]) - 2)
        windows = matrix(patches(dy, g), len(g.size) + 1)  # (N * positions, window * features)
        if wanted == "weight":
            product = windows.T @ matrix(saved["x"])  # (window * features, channels)
            return product.reshape(*g.size, self.features, -1).swapaxes(-1, -2)
        return (windows @ matrix(saved["weight"].swapaxes(-1, -2))).reshape(shapes["x"])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        window = prod(self.geometry(len(inputs[0].positions)).size)
        return product_cost(inputs[0].elements * window * self.features, inputs, outputs)

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return self.geometry(len(inputs[0].positions)).reason(self.name)

    def formula(self, inputs: Sequence[TensorType]) -> tuple[str, ...]:
        g, before = self.geometry(len(inputs[0].positions)), inputs[0].positions
        axes = zip(before, g.stride, g.size, g.pad, self._grown(before), strict=True)
        worked_out = (f"({n} - 1)*{s} + {f} - {a + b} = {out}" for n, s, f, (a, b), out in axes)
        return tuple(dict.fromkeys(f"(N - 1)S + F - 2P = {text}" for text in worked_out))

    def field_of_view(self, rank: int) -> tuple[tuple[int, int | Fraction], ...]:
        g = self.geometry(rank)
        return tuple((-(-f // s), Fraction(1, s)) for f, s in zip(g.size, g.stride, strict=True))

    def onnx(self) -> Onnx:
        return Onnx("ConvTranspose", 22)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(5, Window((4, 3), (2, 3)), 1), (TensorType.of(3, (4, 6)),)),
            Sample(cls(4, Window((2,)), stride=2, bias=False), (TensorType.of(3, (5, 6)),)),
            Sample(cls(5, Window((3,)), ((1, 0),)), (TensorType.of(2, (6,)),), batch=3),
            Sample(cls(2, Window((2, 1, 3), (1, 2, 2))), (TensorType.of(3, (4, 5, 2)),)),
        )

    def _grown(self, positions: Sequence[Dim]) -> tuple[Dim, ...]:
        g = self.geometry(len(positions))
        axes = zip(positions, g.size, g.stride, g.pad, strict=True)
        return tuple((n - 1) * s + (f - sum(pair)) for n, f, s, pair in axes)
