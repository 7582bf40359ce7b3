"""Convolutions and pools with their counterparts in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ops.pairs import IMAGE, SERIES, VOLUME, Pair, op

from cnngraph.ir.window import Window

torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests")
F = torch.nn.functional

Tensor = Any


def kernel(weight: Tensor) -> Tensor:
    """(window..., channels, features) -> (features, channels, window...)."""
    return weight.movedim(-1, 0).movedim(-1, 1)


def convolution(rank: int, **options: object) -> Callable[..., Tensor]:
    function = (F.conv1d, F.conv2d, F.conv3d)[rank - 1]
    return lambda x, weight, bias=None: function(x, kernel(weight), bias, **options)


def transposed(rank: int, groups: int = 1, **options: object) -> Callable[..., Tensor]:
    """The weight (window..., channels / groups, features) becomes (channels, features / groups, window...)."""
    function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[rank - 1]

    def theirs(weight: Tensor) -> Tensor:
        return kernel(weight).unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1)

    return lambda x, weight, bias=None: function(x, theirs(weight), bias, groups=groups, **options)


def around(*pads: tuple[int, int], then: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Zeros (before, after) each position axis, which PyTorch wants from the last axis to the first."""
    listed = [number for pair in reversed(pads) for number in pair]
    return lambda x, *weights: then(F.pad(x, listed), *weights)


def cut_off(then: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The pads (0, 1), (2, 1) taken off the positions: PyTorch has one number for both sides."""
    return lambda *inputs: then(*inputs)[..., :-1, 2:-1]


def pooling(kind: str, rank: int, *positional: object, **options: object) -> Callable[..., Tensor]:
    function = getattr(F, f"{kind}_pool{rank}d")
    return lambda x: function(x, *positional, **options)


def smallest(rank: int, *positional: object, **options: object) -> Callable[..., Tensor]:
    largest = pooling("max", rank, *positional, **options)
    return lambda x: -largest(-x)


def window(*size: int, stride: tuple[int, ...] | None = None) -> Window:
    return Window(size, stride)


def windows(*size: int, stride: int | None = None, fill: float = 0.0, pad: int = 0) -> Callable[[Tensor], Tensor]:
    """All windows of x, padded with `fill`, the values of each along the last axis: (N, C, positions'..., values)."""

    def all_windows(x: Tensor) -> Tensor:
        x = F.pad(x, [pad] * 2 * len(size), value=fill)
        for axis, extent in enumerate(size, start=2):
            x = x.unfold(axis, extent, stride or extent)
        return x.flatten(-len(size))

    return all_windows


def gaussian(*size: int, sigma: float, stride: int = 1, pad: int = 0) -> Callable[[Tensor], Tensor]:
    """A convolution of each channel with normalized weights; padding has none."""
    axes = [torch.exp(-((torch.arange(n, dtype=torch.float64) - (n - 1) / 2) ** 2) / (2 * sigma**2)) for n in size]
    bell = torch.einsum(",".join("abc"[: len(size)]), *axes)[None, None]
    function = (F.conv1d, F.conv2d, F.conv3d)[len(size) - 1]

    def average(x: Tensor) -> Tensor:
        every = bell.expand(x.shape[1], 1, *size)
        inside = function(torch.ones_like(x), every, stride=stride, padding=pad, groups=x.shape[1])
        return function(x, every, stride=stride, padding=pad, groups=x.shape[1]) / inside

    return average


def median(all_windows: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The mean of the two in the middle where their number is even; `nanquantile` leaves out what is no number."""
    return lambda x: torch.nanquantile(all_windows(x), 0.5, dim=-1)


CONVOLUTIONS = [
    Pair(op("conv", 5, window(3)), (SERIES,), convolution(1)),
    Pair(op("conv", 5, window(3, 2)), (IMAGE,), convolution(2)),
    Pair(op("conv", 3, window(3, 1, 2)), (VOLUME,), convolution(3)),
    Pair(op("conv", 3, window(2), 1, stride=2), (VOLUME,), convolution(3, padding=1, stride=2)),
    Pair(op("conv", 5, window(3, 5, stride=(2, 1)), "same"), (IMAGE,), convolution(2, padding=(1, 2), stride=(2, 1))),
    Pair(op("conv", 5, window(3), "full", bias=False), (IMAGE,), convolution(2, padding=2)),
    Pair(op("conv", 6, window(3), 1, groups=2), (IMAGE,), convolution(2, padding=1, groups=2)),
    Pair(op("conv", 8, window(3), 1, groups=4), (IMAGE,), convolution(2, padding=1, groups=4)),
    Pair(op("conv", 5, window(2, 3), dilation=(3, 2)), (IMAGE,), convolution(2, dilation=(3, 2))),
    Pair(
        op("conv", 6, window(3, 2, stride=(2, 3)), (2, 1), groups=2, dilation=(1, 3)),
        (IMAGE,),
        convolution(2, padding=(2, 1), stride=(2, 3), groups=2, dilation=(1, 3)),
    ),
    Pair(op("conv", 5, window(1, stride=(2,))), (IMAGE,), convolution(2, stride=2)),
    Pair(op("conv", 4, window(3), groups=4), (SERIES,), convolution(1, groups=4)),
    Pair(op("conv", 4, window(3), "valid", groups=2, dilation=2), (VOLUME,), convolution(3, groups=2, dilation=2)),
    Pair(
        op("conv", 4, window(2), "full", dilation=(2, 1, 3)),
        (VOLUME,),
        convolution(3, padding=(2, 1, 3), dilation=(2, 1, 3)),
    ),
    Pair(op("conv", 3, window(4), ((1, 2),)), (SERIES,), around((1, 2), then=convolution(1))),
    Pair(
        op("conv", 6, window(2, 3, stride=(1, 2)), ((0, 1), (2, 0)), groups=2),
        (IMAGE,),
        around((0, 1), (2, 0), then=convolution(2, groups=2, stride=(1, 2))),
    ),
    Pair(
        op("conv", 2, window(2, stride=(2,)), ((1, 0), 1, (0, 2))),
        (VOLUME,),
        around((1, 0), (1, 1), (0, 2), then=convolution(3, stride=2)),
    ),
    Pair(op("upconv", 5, window(3)), (SERIES,), transposed(1)),
    Pair(op("upconv", 5, window(4, stride=(2,)), 1), (IMAGE,), transposed(2, stride=2, padding=1)),
    Pair(
        op("upconv", 3, window(3, 2), (1, 0), bias=False, stride=(2, 3)),
        (IMAGE,),
        transposed(2, stride=(2, 3), padding=(1, 0)),
    ),
    Pair(op("upconv", 3, window(2, 3, 1), stride=2), (VOLUME,), transposed(3, stride=2)),
    Pair(op("upconv", 3, window(3, stride=(2,)), "same"), (IMAGE,), transposed(2, stride=2, padding=1)),
    Pair(op("upconv", 3, window(2), "full", stride=3), (SERIES,), transposed(1, stride=3, padding=1)),
    Pair(op("upconv", 5, window(3, 2), ((0, 1), (2, 1)), stride=2), (IMAGE,), cut_off(transposed(2, stride=2))),
    Pair(
        op("upconv", 6, window(3, stride=(2,)), 1, groups=2, output_padding=1),
        (IMAGE,),
        transposed(2, 2, stride=2, padding=1, output_padding=1),
    ),
    Pair(
        op("upconv", 4, window(2, 3), groups=4, dilation=(3, 2), output_padding=(2, 1)),
        (IMAGE,),
        transposed(2, 4, dilation=(3, 2), output_padding=(2, 1)),
    ),
    Pair(
        op("upconv", 4, window(3), 1, False, 2, 2, (1, 2, 3), (1, 0, 2)),
        (VOLUME,),
        transposed(3, 2, padding=1, dilation=2, stride=(1, 2, 3), output_padding=(1, 0, 2)),
    ),
]

POOLS = [
    Pair(op("maxpool", window(2)), (SERIES,), pooling("max", 1, 2)),
    Pair(op("maxpool", window(2, 3)), (IMAGE,), pooling("max", 2, (2, 3))),
    Pair(op("maxpool", window(3, stride=(2,))), (IMAGE,), pooling("max", 2, 3, 2)),
    Pair(op("maxpool", window(3, stride=(2,)), 1), (IMAGE,), pooling("max", 2, 3, 2, padding=1)),
    Pair(op("maxpool", window(3, stride=(2,)), ceil=True), (IMAGE,), pooling("max", 2, 3, 2, ceil_mode=True)),
    Pair(op("maxpool", window(3), "same", stride=1), (IMAGE,), pooling("max", 2, 3, 1, padding=1)),
    Pair(op("maxpool", window(2), stride=1), (VOLUME,), pooling("max", 3, 2, 1)),
    Pair(op("maxpool", window(2, 3), 1, dilation=2), (IMAGE,), pooling("max", 2, (2, 3), (2, 3), 1, dilation=2)),
    Pair(op("avgpool", window(2)), (SERIES,), pooling("avg", 1, 2)),
    Pair(op("avgpool", window(2, 3)), (IMAGE,), pooling("avg", 2, (2, 3))),
    Pair(op("avgpool", window(3, stride=(2,)), 1), (IMAGE,), pooling("avg", 2, 3, 2, padding=1)),
    Pair(
        op("avgpool", window(3, stride=(2,)), 1, count_padding=False),
        (IMAGE,),
        pooling("avg", 2, 3, 2, padding=1, count_include_pad=False),
    ),
    Pair(op("avgpool", window(3, stride=(2,)), ceil=True), (IMAGE,), pooling("avg", 2, 3, 2, ceil_mode=True)),
    Pair(op("avgpool", window(2), stride=1), (VOLUME,), pooling("avg", 3, 2, 1)),
    Pair(op("minpool", window(2)), (SERIES,), smallest(1, 2)),
    Pair(op("minpool", window(3, stride=(2,)), 1), (IMAGE,), smallest(2, 3, 2, padding=1)),
    Pair(op("minpool", window(3, 2), ceil=True), (IMAGE,), smallest(2, (3, 2), ceil_mode=True)),
    Pair(op("minpool", window(2), stride=1), (VOLUME,), smallest(3, 2, 1)),
    Pair(op("sumpool", window(2)), (SERIES,), lambda x: windows(2)(x).sum(-1)),
    Pair(op("sumpool", window(3, stride=(2,)), 1), (IMAGE,), pooling("avg", 2, 3, 2, padding=1, divisor_override=1)),
    Pair(op("sumpool", window(3, 2), ceil=True), (IMAGE,), pooling("avg", 2, (3, 2), None, 0, True, True, 1)),
    Pair(op("sumpool", window(2), stride=1), (VOLUME,), pooling("avg", 3, 2, 1, divisor_override=1)),
    Pair(op("l2pool", window(2)), (SERIES,), pooling("lp", 1, 2, 2)),
    Pair(op("l2pool", window(2, 3)), (IMAGE,), pooling("lp", 2, 2, (2, 3))),
    Pair(op("l2pool", window(3, stride=(2,))), (IMAGE,), pooling("lp", 2, 2, 3, 2)),
    Pair(op("l2pool", window(3, stride=(2,)), 1), (IMAGE,), lambda x: windows(3, 3, stride=2, pad=1)(x).norm(dim=-1)),
    Pair(op("l2pool", window(2), stride=1), (VOLUME,), pooling("lp", 3, 2, 2, 1)),
    Pair(op("medianpool", window(3)), (SERIES,), median(windows(3))),
    Pair(op("medianpool", window(2), stride=1), (IMAGE,), median(windows(2, 2, stride=1))),
    Pair(op("medianpool", window(3), 1, 2), (IMAGE,), median(windows(3, 3, stride=2, pad=1, fill=torch.nan))),
    Pair(op("medianpool", window(2)), (VOLUME,), median(windows(2, 2, 2))),
    Pair(op("gaussianpool", window(3)), (SERIES,), gaussian(3, sigma=1.0, stride=3)),
    Pair(op("gaussianpool", window(3, 4), stride=1, sigma=0.75), (IMAGE,), gaussian(3, 4, sigma=0.75)),
    Pair(op("gaussianpool", window(5), "same", 2, sigma=1.5), (IMAGE,), gaussian(5, 5, sigma=1.5, stride=2, pad=2)),
    Pair(op("gaussianpool", window(2, 3, 3), stride=2, sigma=0.5), (VOLUME,), gaussian(2, 3, 3, sigma=0.5, stride=2)),
    Pair(op("adaptive_avgpool", 4), (SERIES,), pooling("adaptive_avg", 1, 4)),
    Pair(op("adaptive_avgpool", (3, 5)), (IMAGE,), pooling("adaptive_avg", 2, (3, 5))),
    Pair(op("adaptive_avgpool", (1, 9)), (IMAGE,), pooling("adaptive_avg", 2, (1, 9))),
    Pair(op("adaptive_avgpool", 4), (VOLUME,), pooling("adaptive_avg", 3, 4)),
    Pair(op("adaptive_maxpool", 4), (SERIES,), pooling("adaptive_max", 1, 4)),
    Pair(op("adaptive_maxpool", (3, 5)), (IMAGE,), pooling("adaptive_max", 2, (3, 5))),
    Pair(op("adaptive_maxpool", 10), (IMAGE,), pooling("adaptive_max", 2, 10)),
    Pair(op("adaptive_maxpool", (2, 6, 3)), (VOLUME,), pooling("adaptive_max", 3, (2, 6, 3))),
    Pair(op("globalavgpool"), (IMAGE,), lambda x: x.mean(dim=(2, 3))),
    Pair(op("globalavgpool"), (VOLUME,), lambda x: x.mean(dim=(2, 3, 4))),
    Pair(op("globalmaxpool"), (IMAGE,), lambda x: x.amax(dim=(2, 3))),
]
