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
from cnngraph.ir.window import Geometry, Padding, Strides, Window, lay, require_grid, spread
from cnngraph.ops.conv import add_windows, channel_sums, cut_groups, matrix, patches, require_groups, unpadded


@dataclass(frozen=True)
class UpConv(Op):
    """Transposed convolution: each input position spreads its window over the output. The gradient of a convolution.

        y[n, q, k] = bias[k] + sum_{o, i, c: o * stride + i * dilation - pad = q} x[n, o, c] * weight[i, c, k]

    The weight has the shape (window..., channels / groups, features), as in conv; PyTorch's has (channels,
    features / groups, window...). `output_padding` makes up for what the division by the stride of a convolution drops:
    the input that it had is then the output here.

    shapes: c@positions -> features@positions', positions' = (N - 1) * S + D * (F - 1) + 1 - 2P + output_padding;
            in 1, 2 or 3 dimensions.
    fields: features (output channels, >= 1); window (with its stride as in `4x4/2`); pad (positions taken off each side
            of the output, written as in conv); bias; groups and dilation as in conv; stride; output_padding (positions
            added after the last one, on each axis below its stride or its dilation).
    errors: E0202 no grid; E0203 no positions left; E0108 fields outside their range.
    cost:   multiply-adds = positions * window * channels * features / groups.
    source: Dumoulin, Visin: A guide to convolution arithmetic, 2016, chapter 4; ONNX ConvTranspose-22.

    >>> print(UpConv(64, Window((4, 4), (2, 2)), 1).infer(TensorType.of(128, (7, 7))))
    64@14x14
    >>> print(UpConv(64, Window((3, 3), (2, 2)), 1, output_padding=1).infer(TensorType.of(128, (7, 7))))
    64@14x14
    """

    features: int
    window: Window
    pad: Padding = 0
    bias: bool = True
    groups: int = 1
    dilation: int | tuple[int, ...] = 1
    stride: Strides = None
    output_padding: int | tuple[int, ...] = 0

    name: ClassVar[str] = "upconv"
    weights: ClassVar[tuple[str, ...]] = ("weight", "bias")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("weight",), "weight": ("x",), "bias": ()}
    counts_depth: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        require_grid(self.name, x)
        require_groups(self.name, self.groups, fixed_channels_of(self.name, x), self.features)
        self._require_output_padding(len(x.positions))
        positions = self._grown(x.positions)
        if any(isinstance(n, int) and n < 1 for n in positions):
            raise OpError("E0203", f"the pad of upconv leaves no positions of {positions_text(x.positions)}", operand=0)
        return x.known(channels=self.features, positions=positions)

    def geometry(self, rank: int) -> Geometry:
        """The windows that this operator spreads: those of the convolution from its output to its input."""
        return lay(self.name, rank, self.window, self.pad, self.stride, self.dilation)

    def added(self, rank: int) -> tuple[int, ...]:
        """The output padding of each axis."""
        return spread(self.name, "output_padding", self.output_padding, rank)

    def _require_output_padding(self, rank: int) -> None:
        g = self.geometry(rank)
        for added, *steps in zip(self.added(rank), g.stride, g.dilation, strict=True):
            if not 0 <= added < max(steps):
                below = f"from 0 to below {max(steps)}, its stride or dilation"
                raise OpError("E0108", f"the output_padding of upconv must be {below}, not {added}")

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        channels = fixed_channels_of(self.name, x) // self.groups
        shape = (*self.geometry(len(x.positions)).size, channels, self.features)
        weights = {"weight": Weight(TensorType(shape, x.dtype), "he")}
        return {**weights, "bias": Weight(TensorType((self.features,), x.dtype), "zeros")} if self.bias else weights

    def forward(self, x: Array, weight: Array, bias: Array | None = None) -> Array:
        g = self.geometry(x.ndim - 2)
        y = np.zeros((x.shape[0], *self._whole(x.shape[1:-1]), self.features), x.dtype)
        for c, k in cut_groups(self.groups, x.shape[-1], self.features):
            add_windows(y[..., k], x[..., c], weight[..., k].swapaxes(-1, -2), g)
        if bias is not None:
            y += bias
        return unpadded(y, g)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        if wanted == "bias":
            return channel_sums(dy)
        *batch_and_positions, channels = shapes["x"]
        g = self.geometry(len(shapes["x"]) - 2)
        # (N, positions..., window..., features): what each input position was spread over
        windows = patches(dy, g)[tuple(slice(n) for n in batch_and_positions)]
        parts = []
        for c, k in cut_groups(self.groups, channels, self.features):
            rows = matrix(windows[..., k], len(g.size) + 1)  # (N * positions, window * features of the group)
            if wanted == "weight":
                product = rows.T @ matrix(saved["x"][..., c])
                parts.append(product.reshape(*g.size, k.stop - k.start, -1).swapaxes(-1, -2))
            else:
                parts.append(rows @ matrix(saved["weight"][..., k].swapaxes(-1, -2)).reshape(rows.shape[1], -1))
        return np.concatenate(parts, axis=-1).reshape(shapes[wanted])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        window = prod(self.geometry(len(inputs[0].positions)).size)
        return product_cost(inputs[0].elements * (window * self.features // self.groups), inputs, outputs)

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return self.geometry(len(inputs[0].positions)).reason(self.name)

    def formula(self, inputs: Sequence[TensorType]) -> tuple[str, ...]:
        before = inputs[0].positions
        g, added, after = self.geometry(len(before)), self.added(len(before)), self._grown(before)
        axes = zip(before, g.stride, g.size, g.dilation, g.pad, added, after, strict=True)
        return tuple(dict.fromkeys(_worked_out(*axis) for axis in axes))

    def field_of_view(self, rank: int) -> tuple[tuple[int, int | Fraction], ...]:
        g = self.geometry(rank)
        return tuple((-(-f // s), Fraction(1, s)) for f, s in zip(g.extent, g.stride, strict=True))

    def field_start(self, positions: Shape) -> tuple[Fraction, ...]:
        g = self.geometry(len(positions))  # o is written by the inputs i with 0 <= o + before - i * stride < extent
        axes = zip(g.extent, g.stride, g.pad, strict=True)
        return tuple(Fraction(before - extent + stride, stride) for extent, stride, (before, _) in axes)

    def onnx(self) -> Onnx:
        return Onnx("ConvTranspose", 22, {"group": self.groups})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(5, Window((4, 3), (2, 3)), 1), (TensorType.of(3, (4, 6)),)),
            Sample(cls(4, Window((2,)), stride=2, bias=False), (TensorType.of(3, (5, 6)),)),
            Sample(cls(5, Window((3,)), ((1, 0),)), (TensorType.of(2, (6,)),), batch=3),
            Sample(cls(2, Window((2, 1, 3), (1, 2, 2))), (TensorType.of(3, (4, 5, 2)),)),
            Sample(cls(6, Window((3, 2)), ((0, 1), 2), True, 2, (2, 3), (3, 2), (1, 2)), (TensorType.of(4, (3, 5)),)),
            Sample(cls(4, Window((3,), (2,)), "same", groups=4, output_padding=1), (TensorType.of(4, (1,)),), batch=1),
        )

    def _whole(self, positions: Sequence[Dim]) -> tuple[Dim, ...]:
        """The positions that all windows together reach over, and those added behind them, before any are taken off."""
        g = self.geometry(len(positions))
        axes = zip(positions, g.stride, g.extent, self.added(len(positions)), strict=True)
        return tuple((n - 1) * s + (extent + added) for n, s, extent, added in axes)

    def _grown(self, positions: Sequence[Dim]) -> tuple[Dim, ...]:
        pads = self.geometry(len(positions)).pad
        return tuple(whole - sum(pair) for whole, pair in zip(self._whole(positions), pads, strict=True))


def _worked_out(n: Dim, s: int, f: int, d: int, pad: tuple[int, int], added: int, after: Dim) -> str:
    """The positions of one axis of the output, in letters and numbers."""
    window = ("F", f"{f}") if d == 1 else ("D(F - 1) + 1", f"{d}*({f} - 1) + 1")
    more = (" + A", f" + {added}") if added else ("", "")
    return f"(N - 1)S + {window[0]} - 2P{more[0]} = ({n} - 1)*{s} + {window[1]} - {sum(pad)}{more[1]} = {after}"
