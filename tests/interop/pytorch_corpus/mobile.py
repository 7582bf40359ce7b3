"""Networks for small devices, and what came after them: gates, shuffled channels, wide windows."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv_bn(channels: int, features: int, size: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(channels, features, size, stride, size // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(features)]


class Gate(nn.Module):
    """Squeeze and excitation, by 1x1 convolutions as in MobileNetV3."""

    def __init__(self, channels: int, narrow: int, inner: nn.Module, gate: nn.Module) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, narrow, 1), nn.Conv2d(narrow, channels, 1)
        self.inner, self.gate = inner, gate

    def forward(self, x: Tensor) -> Tensor:
        scale = F.adaptive_avg_pool2d(x, 1)
        return self.gate(self.fc2(self.inner(self.fc1(scale)))) * x


class DenseGate(nn.Module):
    """The same by linear layers, as in SENet."""

    def __init__(self, channels: int, narrow: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(nn.Linear(channels, narrow), nn.ReLU(), nn.Linear(narrow, channels), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        b, c, _, _ = x.size()
        y = self.fc(self.pool(x).view(b, c)).view(b, c, 1, 1)
        return x * y.expand_as(x)


class Inverted(nn.Module):
    def __init__(self, channels: int, features: int, act: type[nn.Module], gate: nn.Module, stride: int = 1) -> None:
        super().__init__()
        wide = 2 * channels
        self.body = nn.Sequential(
            *conv_bn(channels, wide, 1), act(), *conv_bn(wide, wide, 3, stride, wide), act(), gate,
            *conv_bn(wide, features, 1),
        )  # fmt: skip
        self.kept = stride == 1 and channels == features

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.kept else self.body(x)


class Pooling(nn.Module):
    """The mean over all positions, then a linear layer."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.last = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(x.mean([2, 3]))


def mobilenet_v2() -> nn.Module:
    units = [Inverted(4, 6, nn.ReLU6, nn.Identity(), 2), Inverted(6, 6, nn.ReLU6, nn.Identity())]
    return nn.Sequential(*conv_bn(3, 4, 3, 2), nn.ReLU6(), *units, Pooling(6, 5))


def mobilenet_v3() -> nn.Module:
    gate = Gate(8, 3, nn.ReLU(), nn.Hardsigmoid())
    units = [Inverted(4, 4, nn.Hardswish, gate), Inverted(4, 6, nn.Hardswish, nn.Identity(), 2)]
    return nn.Sequential(*conv_bn(3, 4, 3, 2), nn.Hardswish(), *units, Pooling(6, 5))


def efficientnet() -> nn.Module:
    gate = Gate(8, 2, nn.SiLU(), nn.Sigmoid())
    return nn.Sequential(*conv_bn(3, 4, 3, 2), nn.SiLU(), Inverted(4, 4, nn.SiLU, gate), Pooling(4, 5))


def se_net() -> nn.Module:
    return nn.Sequential(*conv_bn(3, 6, 3), nn.ReLU(), DenseGate(6, 3), nn.Conv2d(6, 4, 1), nn.Mish(), Pooling(4, 3))


def shuffled(x: Tensor, groups: int) -> Tensor:
    n, c, h, w = x.size()
    x = x.view(n, groups, c // groups, h, w)
    return torch.transpose(x, 1, 2).contiguous().view(n, -1, h, w)


class ShuffleUnit(nn.Module):
    def __init__(self, c: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(*conv_bn(c, c, 1), nn.ReLU(), *conv_bn(c, c, 3, 1, c), *conv_bn(c, c, 1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        passing, worked = x.chunk(2, dim=1)
        return shuffled(torch.cat((passing, self.branch(worked)), dim=1), 2)


def shufflenet() -> nn.Module:
    return nn.Sequential(*conv_bn(3, 6, 3, 2), nn.ReLU(), ShuffleUnit(3), ShuffleUnit(3), Pooling(6, 4))


class ChannelsFirstNorm(nn.Module):
    """The layer norm of ConvNeXt for (N, C, H, W), written out."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.rand(c)), nn.Parameter(torch.rand(c))

    def forward(self, x: Tensor) -> Tensor:
        u = x.mean(1, keepdim=True)
        s = (x - u).pow(2).mean(1, keepdim=True)
        x = (x - u) / torch.sqrt(s + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class ConvNeXtUnit(nn.Module):
    def __init__(self, c: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(c, c, 7, padding=3, groups=c)
        self.norm = nn.LayerNorm(c, eps=1e-6)
        self.pwconv1, self.act, self.pwconv2 = nn.Linear(c, 4 * c), nn.GELU(), nn.Linear(4 * c, c)
        self.gamma = nn.Parameter(torch.rand(c))

    def forward(self, x: Tensor) -> Tensor:
        y = self.dwconv(x).permute(0, 2, 3, 1)
        y = self.gamma * self.pwconv2(self.act(self.pwconv1(self.norm(y))))
        return x + y.permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 5, 4, 4), ChannelsFirstNorm(5))
        self.stages = nn.Sequential(ConvNeXtUnit(5), ChannelsFirstNorm(5), nn.Conv2d(5, 6, 2, 2), ConvNeXtUnit(6))
        self.norm, self.head = nn.LayerNorm(6, eps=1e-6), nn.Linear(6, 4)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stages(self.stem(image))
        return self.head(self.norm(x.mean([-2, -1])))
