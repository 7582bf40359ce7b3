"""Convolution in one, two or three dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, Weight, fixed_channels_of, product_cost
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Geometry, Padding, Strides, Window, geometry, lay


@dataclass(frozen=True)
class Conv(Op):
    """Convolution (cross-correlation, as the field means it).

        y[n, o, k] = bias[k] + sum_{i, c} x[n, o * stride + i * dilation - pad, c] * weight[i, c, k]

    shapes: c@positions -> features@positions', positions' = floor((N + 2P - F) / S) + 1; in 1, 2 or 3 dimensions.
    fields: features (output channels, >= 1); window (size, with its stride as in `7x7/2`); pad (positions added on each
            side: a number, one for each axis, `valid`, `same` = (k-1)/2 for odd windows, or `full` = k-1); bias; groups
            (channels and features are cut into that many independent parts); dilation; stride.
    errors: E0202 no grid; E0203 window larger than the padded input; E0108 even window with `same`, wrong groups.
    cost:   multiply-adds = positions' * window * channels * features / groups.
    source: LeCun et al. 1989, Neural Computation 1(4), section 4; ONNX Conv-22.

    >>> print(Conv(96, Window((11, 11), (4, 4))).infer(TensorType.of(3, (227, 227))))
    96@55x55
    """

    features: int
    window: Window
    pad: Padding = 0
    bias: bool = True
    groups: int = 1
    dilation: int | tuple[int, ...] = 1
    stride: Strides = None

    name: ClassVar[str] = "conv"
    weights: ClassVar[tuple[str, ...]] = ("weight", "bias")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("weight",), "weight": ("x",), "bias": ()}
    counts_depth: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        return x.known(channels=self.features, positions=self.geometry(x).sizes(x.positions))

    def geometry(self, x: TensorType) -> Geometry:
        g = geometry("conv", x, self.window, self.pad, stride=self.stride, dilation=self.dilation)
        require_groups("conv", self.groups, fixed_channels_of("conv", x), self.features)
        return g

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        size = self.geometry(x).size
        shape = (*size, number(x.channels) // self.groups, self.features)
        weights = {"weight": Weight(TensorType(shape, x.dtype), "he")}
        return {**weights, "bias": Weight(TensorType((self.features,), x.dtype), "zeros")} if self.bias else weights

    def forward(self, x: Array, weight: Array, bias: Array | None = None) -> Array:
        rows = patches(x, self._laid(x.shape))  # (N, positions'..., window..., C)
        rank = len(self._laid(x.shape).size)
        groups = [matrix(rows[..., c], rank + 1) @ matrix(weight[..., k]) for c, k in self._groups(x.shape[-1])]
        y: Array = groups[0] if self.groups == 1 else np.concatenate(groups, axis=-1)
        if bias is not None:
            y += bias
        return y.reshape(*rows.shape[: rank + 1], self.features)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        if wanted == "bias":
            return channel_sums(dy)
        g = self._laid(shapes["x"])
        if wanted == "weight":
            return self._weight_gradient(saved["x"], dy, g, shapes["weight"])
        return self._input_gradient(saved["weight"], dy, g, shapes["x"])

    def _weight_gradient(self, x: Array, dy: Array, g: Geometry, shape: Shape) -> Array:
        rows = patches(x, g)
        dw = np.empty(shape, dy.dtype)
        for c, k in self._groups(x.shape[-1]):
            product = matrix(rows[..., c], len(g.size) + 1).T @ matrix(dy[..., k])
            dw[..., k] = product.reshape(dw[..., k].shape)
        return dw

    def _input_gradient(self, weight: Array, dy: Array, g: Geometry, shape: Shape) -> Array:
        dx = np.zeros(padded_shape(shape, g), dy.dtype)
        for c, k in self._groups(shape[-1]):
            add_windows(dx[..., c], dy[..., k], weight[..., k], g)
        return unpadded(dx, g)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        per_output = prod(number(s) for s in inputs[1].shape[:-1])
        return product_cost(outputs[0].elements * per_output, inputs, outputs)

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return self.geometry(inputs[0]).reason("conv")

    def formula(self, inputs: Sequence[TensorType]) -> tuple[str, ...]:
        return self.geometry(inputs[0]).formula(inputs[0].positions)

    def field_of_view(self, rank: int) -> tuple[tuple[int, int], ...]:
        g = lay("conv", rank, self.window, self.pad, self.stride, self.dilation)
        return tuple(zip(g.extent, g.stride, strict=True))

    def field_start(self, positions: Shape) -> tuple[int, ...]:
        g = lay("conv", len(positions), self.window, self.pad, self.stride, self.dilation)
        return tuple(-before for before, _ in g.pad)

    def onnx(self) -> Onnx:
        return Onnx("Conv", 22, {"group": self.groups})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        image = TensorType.of(3, (7, 8))
        return (
            Sample(cls(4, Window((3, 2))), (image,)),
            Sample(cls(5, Window((3, 5), (2, 1)), "same"), (image,)),
            Sample(cls(4, Window((3,)), "full", bias=False), (image,)),
            Sample(cls(6, Window((3,)), ((1, 0), (2, 1)), groups=2, dilation=(2, 1)), (TensorType.of(4, (7, 9)),)),
            Sample(cls(5, Window((3,), (2,)), 1), (TensorType.of(2, (9,)),), batch=3),
            Sample(cls(2, Window((2, 1, 3)), (0, 1, 1)), (TensorType.of(3, (4, 5, 6)),)),
        )

    def _laid(self, shape: Shape) -> Geometry:
        return self.geometry(TensorType(shape))

    def _groups(self, channels: int) -> list[tuple[slice, slice]]:
        return cut_groups(self.groups, channels, self.features)


def require_groups(name: str, groups: int, channels: int, features: int) -> None:
    """Raise `OpError` unless there are features, and `groups` equal parts of them and of the channels."""
    if features < 1:
        raise OpError("E0108", f"{name} must have at least 1 feature, not {features}")
    for what, count in (("channels", channels), ("features", features)):
        if groups < 1 or count % groups:
            raise OpError("E0108", f"{groups} groups do not divide the {count} {what} of {name}")


def cut_groups(groups: int, channels: int, features: int) -> list[tuple[slice, slice]]:
    """For each group: its channels in x and its features in weight and y."""
    c, k = channels // groups, features // groups
    return [(slice(i * c, (i + 1) * c), slice(i * k, (i + 1) * k)) for i in range(groups)]


def matrix(x: Array, axes: int = 1) -> Array:
    """x as a matrix, the last `axes` axes of it as columns; a copy only where the memory asks for it."""
    return x.reshape(-1, prod(x.shape[x.ndim - axes :]))


def channel_sums(x: Array) -> Array:
    """The sum over all axes but the last."""
    sums: Array = matrix(x).sum(axis=0)
    return sums


def padded_shape(shape: Shape, g: Geometry) -> Shape:
    middle = [n + a + b for n, (a, b) in zip(shape[1:-1], g.pad, strict=True)]
    return (shape[0], *middle, shape[-1])


def padded(x: Array, g: Geometry, value: float = 0.0) -> Array:
    """x with `value` around its positions; x itself where there is no padding."""
    if not any(map(sum, g.pad)):
        return x
    out = np.full(padded_shape(x.shape, g), value, x.dtype)
    unpadded(out, g)[...] = x
    return out


def unpadded(x: Array, g: Geometry) -> Array:
    """The view of x without the padding around its positions."""
    middle = [slice(a, n - b) for n, (a, b) in zip(x.shape[1:-1], g.pad, strict=True)]
    view: Array = x[(slice(None), *middle)]
    return view


def patches(x: Array, g: Geometry) -> Array:
    """View of all windows of x, padded with zeros: (N, positions'..., window..., C)."""
    x = padded(x, g)
    out = [(n - e) // s + 1 for n, e, s in zip(x.shape[1:-1], g.extent, g.stride, strict=True)]
    batch, *middle, last = x.strides
    steps = [m * s for m, s in zip(middle, g.stride, strict=True)]
    holes = [m * d for m, d in zip(middle, g.dilation, strict=True)]
    shape = (x.shape[0], *out, *g.size, x.shape[-1])
    return as_strided(x, shape, (batch, *steps, *holes, last), writeable=False)


def window_slices(offset: Sequence[int], g: Geometry, positions: Sequence[int]) -> tuple[slice, ...]:
    """Where the window element at `offset` lies in a padded x, for all output positions."""
    starts = [i * d for i, d in zip(offset, g.dilation, strict=True)]
    cuts = [slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(starts, positions, g.stride, strict=True)]
    return (slice(None), *cuts)


def add_windows(out: Array, x: Array, weight: Array, g: Geometry) -> None:
    """out += the transposed convolution: each x[n, o] spreads its product with `weight` over the window at o.

    out is padded; x: (N, positions..., K); weight: (window..., C, K); both are only read.
    """
    rows = matrix(x)
    for offset in np.ndindex(*g.size):
        target = out[window_slices(offset, g, x.shape[1:-1])]
        target += (rows @ weight[offset].T).reshape(target.shape)
