"""Convolution in one, two or three dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, Weight, product_cost
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Geometry, Padding, Strides, Window, geometry


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
        if x.vocabulary is not None or not x.positions:
            raise OpError(
                "E0202",
                f"conv needs a grid such as 3@224x224, but receives {'ids' if x.vocabulary else 'the vector'} {x}",
                ("use dense(n) on vectors, or reshape(c@HxW) first",),
                operand=0,
            )
        if self.features < 1:
            raise OpError("E0108", f"conv must have at least 1 feature, not {self.features}")
        for what, count in (("channels", number(x.channels)), ("features", self.features)):
            if self.groups < 1 or count % self.groups:
                raise OpError("E0108", f"{self.groups} groups do not divide the {count} {what} of conv")
        return geometry("conv", x, self.window, self.pad, stride=self.stride, dilation=self.dilation)

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        size = self.geometry(x).size
        shape = (*size, number(x.channels) // self.groups, self.features)
        weights = {"weight": Weight(TensorType(shape, x.dtype), "he")}
        return {**weights, "bias": Weight(TensorType((self.features,), x.dtype), "zeros")} if self.bias else weights

    def forward(self, x: Array, weight: Array, bias: Array | None = None) -> Array:
        g = self._laid(x.shape)
        rows = patches(padded(x, g), g)  # (N, positions'..., window..., C)
        rank = len(g.size)
        groups = [np.tensordot(rows[..., c], weight[..., k], axes=rank + 1) for c, k in self._groups(x.shape[-1])]
        y: Array = groups[0] if self.groups == 1 else np.concatenate(groups, axis=-1)
        return y if bias is None else y + bias

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        if wanted == "bias":
            return dy.sum(axis=tuple(range(dy.ndim - 1)))
        g = self._laid(shapes["x"])
        if wanted == "weight":
            return self._weight_gradient(saved["x"], dy, g, shapes["weight"])
        return self._input_gradient(saved["weight"], dy, g, shapes["x"])

    def _weight_gradient(self, x: Array, dy: Array, g: Geometry, shape: Shape) -> Array:
        rows = patches(padded(x, g), g)
        axes = list(range(dy.ndim - 1))
        dw = np.empty(shape, x.dtype)
        for c, k in self._groups(x.shape[-1]):
            dw[..., k] = np.tensordot(rows[..., c], dy[..., k], axes=(axes, axes))
        return dw

    def _input_gradient(self, weight: Array, dy: Array, g: Geometry, shape: Shape) -> Array:
        dx = np.zeros(padded_shape(shape, g), dy.dtype)
        for offset in np.ndindex(*g.size):
            target = dx[window_slices(offset, g, dy.shape[1:-1])]
            for c, k in self._groups(shape[-1]):
                target[..., c] += dy[..., k] @ weight[offset][:, k].T
        return unpadded(dx, g)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        per_output = prod(number(s) for s in inputs[1].shape[:-1])
        return product_cost(outputs[0].elements * per_output, inputs, outputs)

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return self.geometry(inputs[0]).reason("conv")

    def field_of_view(self, rank: int) -> tuple[tuple[int, int], ...]:
        x = TensorType.of(self.groups, (2**20,) * rank)
        g = geometry("conv", x, self.window, self.pad, stride=self.stride, dilation=self.dilation)
        return tuple(zip(g.extent, g.stride, strict=True))

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
        """For each group: its channels in x and its features in weight and y."""
        c, k = channels // self.groups, self.features // self.groups
        return [(slice(i * c, (i + 1) * c), slice(i * k, (i + 1) * k)) for i in range(self.groups)]


def padded_shape(shape: Shape, g: Geometry) -> Shape:
    middle = [n + a + b for n, (a, b) in zip(shape[1:-1], g.pad, strict=True)]
    return (shape[0], *middle, shape[-1])


def padded(x: Array, g: Geometry, value: float = 0.0) -> Array:
    """x with `value` around its positions."""
    if not any(map(sum, g.pad)):
        return x
    out = np.full(padded_shape(x.shape, g), value, x.dtype)
    unpadded(out, g)[...] = x
    return out


def unpadded(x: Array, g: Geometry) -> Array:
    """The view of x without the padding around its positions."""
    return x[(slice(None), *(slice(a, n - b) for n, (a, b) in zip(x.shape[1:-1], g.pad, strict=True)))]


def patches(x: Array, g: Geometry) -> Array:
    """View of all windows of a padded x: (N, positions'..., window..., C)."""
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
