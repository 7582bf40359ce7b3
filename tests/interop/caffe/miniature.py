"""A small Caffe in PyTorch, channels first, written from what `caffe.proto` says: the oracle of the importer.

A layer that has weights draws them when it first runs, in the shapes of Caffe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil, prod

import numpy as np
import torch
import torch.nn.functional as F
from interop.caffe.printing import Layer
from torch import Tensor

E = 2.718281828459045


class Miniature:
    """Runs layers on tensors by name; `values` has the last value of each blob."""

    def __init__(self, seed: int = 0) -> None:
        self.chance = np.random.default_rng(seed)
        self.values: dict[str, Tensor] = {}

    def run(self, layers: Iterable[Layer], feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What no layer reads, after all have run."""
        self.values = {name: torch.from_numpy(x) for name, x in feeds.items()}
        left: set[str] = set()
        for layer in layers:
            bottoms = [self.values[name] for name in layer.bottoms]
            tops = getattr(self, layer.type)(layer, *bottoms)
            left -= set(layer.bottoms)
            left |= set(layer.tops)
            self.values.update(zip(layer.tops, tops if isinstance(tops, list) else [tops], strict=True))
        return {name: self.values[name].numpy() for name in sorted(left)}

    def blob(self, layer: Layer, index: int, *shape: int, positive: bool = False) -> Tensor:
        if index == len(layer.blobs):
            drawn = self.chance.normal(0, 0.5, shape).astype(np.float32)
            layer.blobs.append(np.abs(drawn) + np.float32(0.1) if positive else drawn)
        assert layer.blobs[index].shape == shape
        return torch.from_numpy(layer.blobs[index])

    # ---- windows ----

    def Convolution(self, layer: Layer, x: Tensor) -> Tensor:
        p = layer.fields["convolution_param"]
        size, stride = pair(p, "kernel", 0, "kernel_size"), pair(p, "stride", 1)
        groups = p.get("group", 1)
        weight = self.blob(layer, 0, p["num_output"], x.shape[1] // groups, *size)
        bias = self.blob(layer, 1, p["num_output"]) if p.get("bias_term", True) else None
        return F.conv2d(x, weight, bias, stride, pair(p, "pad", 0), pair(p, "dilation", 1), groups)

    def Deconvolution(self, layer: Layer, x: Tensor) -> Tensor:
        p = layer.fields["convolution_param"]
        size, stride = pair(p, "kernel", 0, "kernel_size"), pair(p, "stride", 1)
        groups = p.get("group", 1)
        weight = self.blob(layer, 0, x.shape[1], p["num_output"] // groups, *size)
        bias = self.blob(layer, 1, p["num_output"]) if p.get("bias_term", True) else None
        return F.conv_transpose2d(x, weight, bias, stride, pair(p, "pad", 0), 0, groups, pair(p, "dilation", 1))

    def Pooling(self, layer: Layer, x: Tensor) -> Tensor:
        """The loops of `pooling_layer.cpp`: rounded up, clipped where there is padding; an average counts padding."""
        p = layer.fields.get("pooling_param", {})
        if p.get("global_pooling"):
            return x.amax((2, 3), True) if p.get("pool", "MAX") == "MAX" else x.mean((2, 3), True)
        size, stride, pad = pair(p, "kernel", 0, "kernel_size"), pair(p, "stride", 1), pair(p, "pad", 0)
        counts = []
        for n, k, s, m in zip(x.shape[2:], size, stride, pad, strict=True):
            count = (ceil if p.get("round_mode", "CEIL") == "CEIL" else int)((n + 2 * m - k) / s) + 1
            counts.append(count - 1 if any(pad) and (count - 1) * s >= n + m else count)
        y = torch.empty(*x.shape[:2], *counts)
        for i, j in np.ndindex(*counts):
            starts = [i * stride[0] - pad[0], j * stride[1] - pad[1]]
            ends = [min(a + k, n + m) for a, k, n, m in zip(starts, size, x.shape[2:], pad, strict=True)]
            area = prod(b - a for a, b in zip(starts, ends, strict=True))
            part = x[:, :, max(starts[0], 0) : ends[0], max(starts[1], 0) : ends[1]]
            y[:, :, i, j] = part.amax((2, 3)) if p.get("pool", "MAX") == "MAX" else part.sum((2, 3)) / area
        return y

    def InnerProduct(self, layer: Layer, x: Tensor) -> Tensor:
        p = layer.fields["inner_product_param"]
        rows, features = x[0].numel(), p["num_output"]
        turned = p.get("transpose", False)
        weight = self.blob(layer, 0, *((rows, features) if turned else (features, rows)))
        y = x.reshape(len(x), -1) @ (weight if turned else weight.T)
        return y + self.blob(layer, 1, features) if p.get("bias_term", True) else y

    # ---- channels ----

    def LRN(self, layer: Layer, x: Tensor) -> Tensor:
        p = layer.fields.get("lrn_param", {})
        n, alpha, beta, k = p.get("local_size", 5), p.get("alpha", 1.0), p.get("beta", 0.75), p.get("k", 1.0)
        if p.get("norm_region", "ACROSS_CHANNELS") == "WITHIN_CHANNEL":
            pooled = Layer("", "Pooling", [], [], {"pooling_param": {"pool": "AVE", "kernel_size": n, "pad": n // 2}})
            return x * (1 + alpha * self.Pooling(pooled, x * x)) ** -beta
        square, c = x * x, x.shape[1]
        near = [square[:, max(i - n // 2, 0) : i + n // 2 + 1].sum(1, keepdim=True) for i in range(c)]
        return x / (k + alpha / n * torch.cat(near, 1)) ** beta

    def BatchNorm(self, layer: Layer, x: Tensor) -> Tensor:
        c, p = x.shape[1], layer.fields.get("batch_norm_param", {})
        mean, variance = self.blob(layer, 0, c), self.blob(layer, 1, c, positive=True)
        factor = self.blob(layer, 2, 1, positive=True)
        shape = (1, c, *(1,) * (x.ndim - 2))
        known = 1 / factor if factor else torch.zeros(1)
        return (x - (mean * known).reshape(shape)) / ((variance * known).reshape(shape) + p.get("eps", 1e-5)).sqrt()

    def Scale(self, layer: Layer, x: Tensor, *other: Tensor) -> Tensor:
        if other:
            return x * other[0].reshape(*other[0].shape, *(1,) * (x.ndim - other[0].ndim))
        shape = (1, x.shape[1], *(1,) * (x.ndim - 2))
        y = x * self.blob(layer, 0, x.shape[1]).reshape(shape)
        with_bias = layer.fields.get("scale_param", {}).get("bias_term", False)
        return y + self.blob(layer, 1, x.shape[1]).reshape(shape) if with_bias else y

    def Bias(self, layer: Layer, x: Tensor, *other: Tensor) -> Tensor:
        if other:
            return x + other[0].reshape(*other[0].shape, *(1,) * (x.ndim - other[0].ndim))
        return x + self.blob(layer, 0, x.shape[1]).reshape(1, -1, *(1,) * (x.ndim - 2))

    def PReLU(self, layer: Layer, x: Tensor) -> Tensor:
        shared = layer.fields.get("prelu_param", {}).get("channel_shared", False)
        slope = self.blob(layer, 0, *(() if shared else (x.shape[1],)))
        return x.clamp(min=0) + slope.reshape(-1, *(1,) * (x.ndim - 2)) * x.clamp(max=0)

    def Axpy(self, layer: Layer, a: Tensor, x: Tensor, b: Tensor) -> Tensor:
        return a * x + b

    def ShuffleChannel(self, layer: Layer, x: Tensor) -> Tensor:
        groups = layer.fields["shuffle_channel_param"]["group"]
        return x.reshape(len(x), groups, -1, *x.shape[2:]).transpose(1, 2).reshape(x.shape)

    # ---- each value by itself ----

    def ReLU(self, layer: Layer, x: Tensor) -> Tensor:
        slope = layer.fields.get("relu_param", {}).get("negative_slope", 0.0)
        return torch.where(x > 0, x, slope * x)

    def ReLU6(self, layer: Layer, x: Tensor) -> Tensor:
        return x.clamp(0, 6)

    def Clip(self, layer: Layer, x: Tensor) -> Tensor:
        return x.clamp(layer.fields["clip_param"]["min"], layer.fields["clip_param"]["max"])

    def ELU(self, layer: Layer, x: Tensor) -> Tensor:
        alpha = layer.fields.get("elu_param", {}).get("alpha", 1.0)
        return torch.where(x > 0, x, alpha * (torch.exp(x) - 1))

    def Sigmoid(self, layer: Layer, x: Tensor) -> Tensor:
        return 1 / (1 + torch.exp(-x))

    def Swish(self, layer: Layer, x: Tensor) -> Tensor:
        return x / (1 + torch.exp(-x))

    def TanH(self, layer: Layer, x: Tensor) -> Tensor:
        return torch.tanh(x)

    def AbsVal(self, layer: Layer, x: Tensor) -> Tensor:
        return x.abs()

    def BNLL(self, layer: Layer, x: Tensor) -> Tensor:
        return torch.log(1 + torch.exp(x))

    def Power(self, layer: Layer, x: Tensor) -> Tensor:
        p = layer.fields.get("power_param", {})
        return (p.get("shift", 0.0) + p.get("scale", 1.0) * x) ** p.get("power", 1.0)

    def Exp(self, layer: Layer, x: Tensor) -> Tensor:
        p = layer.fields.get("exp_param", {})
        base = E if p.get("base", -1.0) == -1 else p["base"]
        return base ** (p.get("shift", 0.0) + p.get("scale", 1.0) * x)

    def Log(self, layer: Layer, x: Tensor) -> Tensor:
        p = layer.fields.get("log_param", {})
        y = torch.log(p.get("shift", 0.0) + p.get("scale", 1.0) * x)
        return y if p.get("base", -1.0) == -1 else y / float(np.log(p["base"]))

    def Dropout(self, layer: Layer, x: Tensor) -> Tensor:
        return x

    def Softmax(self, layer: Layer, x: Tensor) -> Tensor:
        return torch.softmax(x, layer.fields.get("softmax_param", {}).get("axis", 1))

    def ArgMax(self, layer: Layer, x: Tensor) -> Tensor:
        return x.reshape(len(x), -1).argmax(1)[:, None, None]

    # ---- several blobs ----

    def Concat(self, layer: Layer, *xs: Tensor) -> Tensor:
        p = layer.fields.get("concat_param", {})
        return torch.cat(xs, p.get("axis", p.get("concat_dim", 1)))

    def Eltwise(self, layer: Layer, *xs: Tensor) -> Tensor:
        p = layer.fields.get("eltwise_param", {})
        operation, factors = p.get("operation", "SUM"), p.get("coeff", [1.0] * len(xs))
        if operation == "SUM":
            return sum(f * x for f, x in zip(factors, xs, strict=True))
        return torch.stack(xs).prod(0) if operation == "PROD" else torch.stack(xs).amax(0)

    def Slice(self, layer: Layer, x: Tensor) -> list[Tensor]:
        p = layer.fields.get("slice_param", {})
        axis = p.get("axis", p.get("slice_dim", 1))
        if "slice_point" in p:
            return list(torch.tensor_split(x, list(p["slice_point"]), axis))
        return list(x.chunk(len(layer.tops), axis))

    def Split(self, layer: Layer, x: Tensor) -> list[Tensor]:
        return [x] * len(layer.tops)

    def Crop(self, layer: Layer, x: Tensor, like: Tensor) -> Tensor:
        p = layer.fields.get("crop_param", {})
        axis, offsets = p.get("axis", 2) % x.ndim, p.get("offset", [0])
        offsets = list(offsets) * (x.ndim - axis) if len(offsets) == 1 else list(offsets)
        for i, offset in zip(range(axis, x.ndim), offsets, strict=True):
            x = x.narrow(i, offset, like.shape[i])
        return x

    def Silence(self, layer: Layer, *xs: Tensor) -> list[Tensor]:
        return []

    # ---- axes ----

    def Flatten(self, layer: Layer, x: Tensor) -> Tensor:
        return x.reshape(len(x), -1)

    def Reshape(self, layer: Layer, x: Tensor) -> Tensor:
        p = layer.fields["reshape_param"]
        first, count = p.get("axis", 0), p.get("num_axes", -1)
        first = first + x.ndim + 1 if first < 0 else first
        last = x.ndim if count == -1 else first + count
        dims = [x.shape[first + i] if d == 0 else d for i, d in enumerate(p["shape"]["dim"])]
        return x.reshape(*x.shape[:first], *dims, *x.shape[last:])

    def Permute(self, layer: Layer, x: Tensor) -> Tensor:
        return x.permute(*layer.fields["permute_param"]["order"])

    def Upsample(self, layer: Layer, x: Tensor) -> Tensor:
        factor = layer.fields["upsample_param"]["scale"]
        return x.repeat_interleave(factor, 2).repeat_interleave(factor, 3)


def pair(p: Mapping[str, object], name: str, default: int, single: str = "") -> tuple[int, ...]:
    """(height, width) of a size that is written once, twice, or with _h and _w."""
    if f"{name}_h" in p or f"{name}_w" in p:
        return p.get(f"{name}_h", default), p.get(f"{name}_w", default)
    value = p.get(single or name, default)
    return tuple(value) if isinstance(value, list) and len(value) == 2 else (np.ravel(value)[0].item(),) * 2
