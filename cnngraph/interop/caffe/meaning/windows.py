"""Convolution, Deconvolution, Pooling. Source: `caffe.proto`, `base_conv_layer` and `pooling_layer` of BVLC's Caffe.

    blob of Convolution     (K, C / groups, h, w)    ours (h, w, C / groups, K)
    blob of Deconvolution   (C, K / groups, h, w)    ours (h, w, C / groups, K)
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import ceil
from typing import TypeAlias

import numpy as np

from cnngraph.interop.assembly import Refusal
from cnngraph.interop.caffe.blob import Blob
from cnngraph.interop.caffe.fields import Fields
from cnngraph.interop.caffe.importer import Importer, Meaning, Source, of_one
from cnngraph.interop.caffe.network import Layer
from cnngraph.interop.channels_first import conv_weight, image_axes, vector_axes
from cnngraph.ir.op import Array
from cnngraph.ir.window import Window
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.conv import Conv
from cnngraph.ops.dense import Dense
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.globalmaxpool import GlobalMaxPool
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.upconv import UpConv

Sizes: TypeAlias = tuple[int, ...]

AXES = ("h", "w")


def along(fields: Fields, name: str, rank: int, default: int | None, single: str | None = None) -> Sizes:
    """A size for each axis of positions: `pad_h` and `pad_w`, or `pad` once for all or once for each axis.

    `single` is the name of the second form where it differs: `kernel_size` beside `kernel_h`.
    """
    low = 0 if name == "pad" else 1
    given = fields.wholes(single or name, low)
    if any(f"{name}_{axis}" in fields for axis in AXES):
        if given or rank != 2:
            raise Refusal(f"{name}_h and {name}_w stand beside {single or name}, or in other than two dimensions")
        missing = default if default is not None else 0
        return tuple(fields.whole(f"{name}_{axis}", missing, low) for axis in AXES)
    if not given and default is not None:
        given = [default]
    if len(given) not in (1, rank):
        raise Refusal(f"{single or name} has {len(given)} numbers for {rank} axes of positions")
    return tuple(given) if len(given) == rank else (given[0],) * rank


def convolution(net: Importer, layer: Layer, x: Blob) -> Blob:
    fields = layer.fields.below("convolution_param")
    fields.ignore("force_nd_im2col")
    x = x if _is_point(x, fields) else net.image(x, layer)
    x.require_channels(fields.whole("axis", 1, low=-8), "a convolution")
    rank = len(x.sizes) - 1
    size = along(fields, "kernel", rank, None, single="kernel_size")
    stride, dilation = along(fields, "stride", rank, 1), along(fields, "dilation", rank, 1)
    features, groups = fields.whole("num_output", low=1), fields.whole("group", 1, low=1)
    if layer.type in DEPTHWISE and "group" not in fields:
        groups = x.sizes[0]
    bias, pad = fields.flag("bias_term", True), along(fields, "pad", rank, 0)
    if not x.type.positions:  # a convolution of one position is a dense layer
        blob = Source(layer.name, {0: (features, x.sizes[0], 1, 1)}, lambda blob: blob[..., 0, 0].T)
        return _with_bias(net, layer, Dense(features, bias), x, blob)
    op = Conv(features, window(size, stride), once(pad), bias, groups, once(dilation))
    blob = Source(layer.name, {0: (features, x.sizes[0] // groups, *size)}, conv_weight)
    return _with_bias(net, layer, op, x, blob)


def _is_point(x: Blob, fields: Fields) -> bool:
    """Whether x is a vector under a 1x1 convolution without groups."""
    plain = all(fields.wholes(name) in ([], [1], [1, 1]) for name in ("kernel_size", "kernel_h", "kernel_w"))
    unpadded = not any(sum(fields.wholes(name)) for name in ("pad", "pad_h", "pad_w"))
    return x.axes.places == (0, 1, None, None) and plain and unpadded and fields.whole("group", 1) == 1


def deconvolution(net: Importer, layer: Layer, x: Blob) -> Blob:
    fields = layer.fields.below("convolution_param")
    fields.ignore("force_nd_im2col")
    x = net.image(x, layer)
    x.require_channels(fields.whole("axis", 1, low=-8), "a deconvolution")
    rank = len(x.sizes) - 1
    size = along(fields, "kernel", rank, None, single="kernel_size")
    stride, dilation = along(fields, "stride", rank, 1), along(fields, "dilation", rank, 1)
    features, groups = fields.whole("num_output", low=1), fields.whole("group", 1, low=1)
    pad = along(fields, "pad", rank, 0)
    op = UpConv(features, window(size, stride), once(pad), fields.flag("bias_term", True), groups, once(dilation))
    shape = (x.sizes[0], features // groups, *size)
    filler = fields.below("weight_filler")
    filler.ignore("value", "min", "max", "mean", "std", "sparse", "variance_norm")
    known = filler.text("type") == "bilinear" and rank == 2
    filled = partial(bilinear, shape) if known else None
    weight = Source(layer.name, {0: shape}, lambda blob: upconv_weight(blob, groups), filled)
    return _with_bias(net, layer, op, x, weight)


def _with_bias(net: Importer, layer: Layer, op: Conv | UpConv | Dense, x: Blob, weight: Source) -> Blob:
    bias = {"bias": Source(layer.name, {1: (op.features,)})} if op.bias else {}
    node = net.apply(layer, op, [x.ref], {"weight": weight, **bias})
    return Blob(node.ref, node.type, x.axes)


def upconv_weight(blob: Array, groups: int) -> Array:
    """(C, K / groups, h, w) as (h, w, C / groups, K)."""
    return np.concatenate([np.moveaxis(part, (0, 1), (-2, -1)) for part in np.split(blob, groups)], axis=-1)


def bilinear(shape: tuple[int, ...]) -> Array:
    """What Caffe fills in for `bilinear`: a tent over each window, the same for all channels (`filler.hpp`)."""
    half = ceil(shape[-1] / 2)
    centre = (2 * half - 1 - half % 2) / (2 * half)
    tents = [1 - np.abs(np.arange(n) / half - centre) for n in shape[-2:]]
    return np.broadcast_to(np.outer(*tents).astype(np.float32), shape)


def pooling(net: Importer, layer: Layer, x: Blob) -> Blob:
    fields = layer.fields.below("pooling_param")
    x = net.image(x, layer)
    kind = fields.word("pool", ("MAX", "AVE", "STOCHASTIC"))
    if kind == "STOCHASTIC":
        raise Refusal("stochastic pooling has no counterpart", span=fields.place("pool"))
    if fields.flag("global_pooling", False):
        fields.ignore("kernel_size", "kernel_h", "kernel_w", "stride", "stride_h", "stride_w", "pad", "pad_h", "pad_w")
        fields.ignore("round_mode", "ceil_mode")
        node = net.apply(layer, GlobalMaxPool() if kind == "MAX" else GlobalAvgPool(), [x.ref])
        return Blob(node.ref, node.type, vector_axes(len(x.sizes) - 1))
    rank = len(x.sizes) - 1
    size = along(fields, "kernel", rank, None, single="kernel_size")
    stride, pad = along(fields, "stride", rank, 1), along(fields, "pad", rank, 0)
    up = fields.word("round_mode", ("CEIL", "FLOOR")) == "CEIL" and fields.flag("ceil_mode", True)
    pool = (MaxPool if kind == "MAX" else AvgPool)(window(size, stride, own=size), once(pad))
    node = net.apply(layer, replace(pool, ceil=up and _rounds(x.sizes[1:], size, stride, pad)), [x.ref])
    return Blob(node.ref, node.type, image_axes(rank))


def _rounds(positions: Sizes, size: Sizes, stride: Sizes, pad: Sizes) -> bool:
    """Whether rounding up gives more windows than rounding down does.

    Caffe drops a window that begins beyond the input and its left padding, as we do; but only where there is padding on
    some axis. Without it such a window has no number in it at all.
    """
    more = False
    for n, k, s, p in zip(positions, size, stride, pad, strict=True):
        windows = -((k - n - 2 * p) // s) + 1  # (n + 2p - k) / s, rounded up
        if (windows - 1) * s >= n + p:
            if not any(pad):
                raise Refusal(f"its last window of {k} begins at {(windows - 1) * s}, beyond the {n} positions")
            windows -= 1
        more |= windows > (n + 2 * p - k) // s + 1
    return more


def window(size: Sizes, stride: Sizes, own: Sizes | None = None) -> Window:
    """The window as one would write it: without the stride that its operator has by itself."""
    return Window(size, None if stride == (own or (1,) * len(size)) else stride)


def once(values: Sizes) -> int | Sizes:
    """One number where all are the same."""
    return values[0] if len(set(values)) == 1 else values


DEPTHWISE = ("ConvolutionDepthwise", "DepthwiseConvolution")
"""Convolutions of well-known forks that have as many groups as channels."""

LAYERS: dict[str, Meaning] = {
    "Convolution": of_one(convolution),
    **dict.fromkeys(DEPTHWISE, of_one(convolution)),
    "Deconvolution": of_one(deconvolution),
    "Pooling": of_one(pooling),
}
