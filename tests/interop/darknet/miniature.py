"""A small darknet in PyTorch, channels first, written from what each section means: the oracle of the importer.

It reads the array of weights as it goes along, so the order of its numbers is checked as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

ACTIVATIONS = {
    "linear": lambda x: x,
    "leaky": lambda x: torch.where(x > 0, x, 0.1 * x),
    "relu": lambda x: x * (x > 0),
    "relu6": lambda x: x.clamp(0, 6),
    "logistic": lambda x: 1 / (1 + torch.exp(-x)),
    "loggy": lambda x: 2 / (1 + torch.exp(-x)) - 1,
    "tanh": torch.tanh,
    "hardtan": lambda x: x.clamp(-1, 1),
    "elu": lambda x: torch.where(x >= 0, x, torch.exp(x) - 1),
    "swish": lambda x: x / (1 + torch.exp(-x)),
    "mish": lambda x: x * torch.tanh(torch.log(1 + torch.exp(x))),
    "ramp": lambda x: x * (x > 0) + 0.1 * x,
}


def sections_of(text: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    for line in text.replace(" ", "").splitlines():
        if line.startswith("["):
            found.append((line[1:-1], {}))
        elif line and line[0] not in "#;":
            key, value = line.split("=")
            found[-1][1][key] = value
    return found


@dataclass
class Miniature:
    """Results of all sections so far, and the weights that are left."""

    weights: np.ndarray
    results: list[Tensor] = field(default_factory=list)
    ends: list[Tensor] = field(default_factory=list)
    used: int = 0

    def take(self, *shape: int) -> Tensor:
        count = int(np.prod(shape))
        part = self.weights[self.used : self.used + count]
        assert len(part) == count, "the weights are too few"
        self.used += count
        return torch.from_numpy(part.copy()).reshape(shape)

    def run(self, text: str, x: Tensor) -> list[Tensor]:
        _, *sections = sections_of(text)
        for name, options in sections:
            x = getattr(self, name)(x, Options(options))
            self.results.append(x)
        if sections[-1][0] not in ("yolo", "region", "detection", "cost"):
            self.ends.append(x)
        return self.ends or [x]

    def named(self, index: int) -> Tensor:
        return self.results[index if index >= 0 else len(self.results) + index]

    def normalized(self, x: Tensor, c: int, with_norm: bool, biases: Tensor, vectors: list[Tensor]) -> Tensor:
        shape = (1, c, 1, 1)
        if with_norm:
            scales, mean, variance = vectors
            x = (x - mean.reshape(shape)) / torch.sqrt(variance.reshape(shape).double() + 1e-5).float()
            x = x * scales.reshape(shape)
        return x + biases.reshape(shape)

    def vectors(self, c: int, with_norm: int) -> list[Tensor]:
        return [self.take(c), self.take(c), self.take(c).abs()] if with_norm else []

    def convolutional(self, x: Tensor, o: Options) -> Tensor:
        n, size, groups, dilation = o["filters"], o.get("size", 1), o.get("groups", 1), o.get("dilation", 1)
        pad = size // 2 if o.get("pad", 0) else o.get("padding", 0)
        biases, vectors = self.take(n), self.vectors(n, o.get("batch_normalize", 0))
        weight = self.take(n, x.shape[1] // groups, size, size)
        stride = (o.get("stride_y", o.get("stride", 1)), o.get("stride_x", o.get("stride", 1)))
        y = F.conv2d(x, weight, None, stride, pad * dilation, dilation, groups)
        return o.activate(self.normalized(y, n, bool(vectors), biases, vectors), "logistic")

    conv = convolutional

    def connected(self, x: Tensor, o: Options) -> Tensor:
        n = o["output"]
        biases, weight = self.take(n), self.take(n, x[0].numel())
        vectors = self.vectors(n, o.get("batch_normalize", 0))
        y = (x.reshape(len(x), -1) @ weight.T)[:, :, None, None]
        return o.activate(self.normalized(y, n, bool(vectors), biases, vectors), "logistic")

    def batchnorm(self, x: Tensor, o: Options) -> Tensor:
        c = x.shape[1]
        return self.normalized(x, c, True, self.take(c), self.vectors(c, 1))

    def activation(self, x: Tensor, o: Options) -> Tensor:
        return o.activate(x, "linear")

    def maxpool(self, x: Tensor, o: Options) -> Tensor:
        stride = o.get("stride", 1)
        size = o.get("size", stride)
        padding = o.get("padding", size - 1)
        positions = [(n + padding - size) // stride + 1 for n in x.shape[2:]]
        y = torch.empty(*x.shape[:2], *positions)
        for i, j in np.ndindex(*positions):
            top, left = i * stride - padding // 2, j * stride - padding // 2
            part = x[:, :, max(top, 0) : top + size, max(left, 0) : left + size]
            y[:, :, i, j] = part.amax(dim=(2, 3))
        return y

    max = maxpool

    def avgpool(self, x: Tensor, o: Options) -> Tensor:
        return x.mean(dim=(2, 3), keepdim=True)

    def dropout(self, x: Tensor, o: Options) -> Tensor:
        return x

    def cost(self, x: Tensor, o: Options) -> Tensor:
        return x

    def crop(self, x: Tensor, o: Options) -> Tensor:
        h, w = o["crop_height"], o["crop_width"]
        top, left = (x.shape[2] - h) // 2, (x.shape[3] - w) // 2
        x = x[:, :, top : top + h, left : left + w]
        return x if o.get("noadjust", 0) else x * 2 - 1

    def softmax(self, x: Tensor, o: Options) -> Tensor:
        row = x.reshape(len(x), -1) / float(o.values.get("temperature", 1))
        return torch.softmax(row, 1)[:, :, None, None]

    def shortcut(self, x: Tensor, o: Options) -> Tensor:
        y = x.clone()
        for index in o.list("from"):
            other = self.named(index)
            step, c = other.shape[2] // x.shape[2], min(x.shape[1], other.shape[1])
            y[:, :c] += other[:, :c, ::step, ::step]
        return o.activate(y, "linear")

    def sam(self, x: Tensor, o: Options) -> Tensor:
        return o.activate(x * self.named(o["from"]), "linear")

    def scale_channels(self, x: Tensor, o: Options) -> Tensor:
        return o.activate(x * self.named(o["from"]), "linear")

    def route(self, x: Tensor, o: Options) -> Tensor:
        groups, part = o.get("groups", 1), o.get("group_id", 0)
        return torch.cat([self.named(i).chunk(groups, 1)[part] for i in o.list("layers")], 1)

    def upsample(self, x: Tensor, o: Options) -> Tensor:
        stride = o.get("stride", 2)
        return float(o.values.get("scale", 1)) * x.repeat_interleave(stride, 2).repeat_interleave(stride, 3)

    def reorg3d(self, x: Tensor, o: Options) -> Tensor:
        """out[k, j, i] = x[k % c, j * s + k // c // s, i * s + k // c % s]"""
        s, (_, c, h, w) = o["stride"], x.shape
        y = torch.empty(len(x), c * s * s, h // s, w // s)
        for k in range(c * s * s):
            y[:, k] = x[:, k % c, k // c // s :: s, k // c % s :: s]
        return y

    def reorg(self, x: Tensor, o: Options) -> Tensor:
        """The loops of `reorg_cpu` as the old layer calls them: with the sizes of its input for those of its output."""
        s, (n, c, h, w) = o["stride"], x.shape
        flat, out, inner = x.reshape(n, -1), torch.empty(n, c * h * w), c // (s * s)
        for k, j, i in np.ndindex(c, h, w):
            wide, high = i * s + k // inner % s, j * s + k // inner // s
            out[:, i + w * (j + h * k)] = flat[:, wide + w * s * (high + h * s * (k % inner))]
        return out.reshape(n, c * s * s, h // s, w // s)

    def yolo(self, x: Tensor, o: Options) -> Tensor:
        self.ends.append(x)
        return x

    region = detection = yolo


@dataclass(frozen=True)
class Options:
    values: dict[str, str]

    def __getitem__(self, name: str) -> int:
        return int(self.values[name])

    def get(self, name: str, default: int) -> int:
        return int(self.values.get(name, default))

    def list(self, name: str) -> list[int]:
        return [int(part) for part in self.values[name].split(",")]

    def activate(self, x: Tensor, default: str) -> Tensor:
        return ACTIVATIONS[self.values.get("activation", default)](x)
