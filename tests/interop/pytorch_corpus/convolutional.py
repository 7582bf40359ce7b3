"""Convolutional networks as people write them in PyTorch, small but complete."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.f5, self.f6, self.output = nn.Linear(16 * 5 * 5, 20), nn.Linear(20, 12), nn.Linear(12, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = F.avg_pool2d(torch.tanh(self.c1(image)), 2)
        x = F.avg_pool2d(torch.tanh(self.c3(x)), 2)
        x = torch.tanh(self.f5(x.view(x.size(0), -1)))
        return self.output(torch.tanh(self.f6(x)))


def alexnet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 7, stride=2, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
        nn.Conv2d(8, 12, 5, padding=2, groups=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
        nn.AdaptiveAvgPool2d((3, 3)), nn.Flatten(), nn.Dropout(), nn.Linear(12 * 9, 16), nn.ReLU(), nn.Linear(16, 7),
    )  # fmt: skip


def local_norm() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU(), nn.LocalResponseNorm(5, alpha=0.1, k=2.0), nn.MaxPool2d(2))


def vgg() -> nn.Module:
    def stage(channels: int, features: int) -> list[nn.Module]:
        layers = [nn.Conv2d(channels, features, 3, padding=1), nn.BatchNorm2d(features), nn.ReLU()]
        more = [nn.Conv2d(features, features, 3, padding=1), nn.BatchNorm2d(features), nn.ReLU()]
        return [*layers, *more, nn.MaxPool2d(2)]

    return nn.Sequential(*stage(3, 5), *stage(5, 6), nn.Flatten(), nn.Linear(6 * 4 * 4, 9), nn.ReLU(), nn.Linear(9, 4))


class Basic(nn.Module):
    def __init__(self, channels: int, features: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, features, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(features)
        self.conv2 = nn.Conv2d(features, features, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(features)
        self.down: nn.Module | None = None
        if stride != 1 or channels != features:
            self.down = nn.Sequential(nn.Conv2d(channels, features, 1, stride, bias=False), nn.BatchNorm2d(features))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.down is None else self.down(x)))


class Bottleneck(nn.Module):
    def __init__(self, channels: int, narrow: int, features: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(channels, narrow, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU(),
            nn.Conv2d(narrow, narrow, 3, stride, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU(),
            nn.Conv2d(narrow, features, 1, bias=False), nn.BatchNorm2d(features),
        )  # fmt: skip
        same = stride == 1 and channels == features
        self.skip = nn.Identity() if same else nn.Sequential(nn.Conv2d(channels, features, 1, stride, bias=False),
                                                             nn.BatchNorm2d(features))  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.branch(x) + self.skip(x))


def resnet(*units: nn.Module, features: int) -> nn.Module:
    stem = (nn.Conv2d(3, 6, 7, 2, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(*stem, *units, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, 5))


def resnet_basic() -> nn.Module:
    return resnet(Basic(6, 6, 1), Basic(6, 10, 2), Basic(10, 10, 1), features=10)


def resnet_bottleneck() -> nn.Module:
    return resnet(Bottleneck(6, 4, 12, 1), Bottleneck(12, 4, 12, 1), Bottleneck(12, 5, 14, 2), features=14)


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(5, 4, 1)
        self.three = nn.Sequential(nn.Conv2d(5, 3, 1), nn.ReLU(), nn.Conv2d(3, 6, 3, padding=1))
        self.five = nn.Sequential(nn.Conv2d(5, 2, 1), nn.ReLU(), nn.Conv2d(2, 3, 5, padding=2))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), nn.Conv2d(5, 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], 1))


def googlenet() -> nn.Module:
    head = (nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(1), nn.Dropout(0.4), nn.Linear(15, 6))
    return nn.Sequential(nn.Conv2d(3, 5, 3, 2), nn.ReLU(), Inception(), nn.MaxPool2d(3, 2, ceil_mode=True), *head)


class Dense(nn.Module):
    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(channels), nn.Conv2d(channels, 2 * growth, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(2 * growth), nn.Conv2d(2 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))
        return torch.cat((x, self.conv2(F.relu(self.norm2(y)))), dim=1)


class DenseNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), Dense(4, 3), Dense(7, 3), nn.BatchNorm2d(10), nn.ReLU(),
            nn.Conv2d(10, 5, 1, bias=False), nn.AvgPool2d(2), Dense(5, 3),
        )  # fmt: skip
        self.classifier = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.features(x))
        return F.softmax(self.classifier(torch.flatten(F.adaptive_avg_pool2d(x, (1, 1)), 1)), dim=1)


class TextCNN(nn.Module):
    """Kim 2014: windows of three widths along a sentence, the largest value of each."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(23, 6)
        self.convs = nn.ModuleList(nn.Conv1d(6, 5, width) for width in (2, 3, 4))
        self.out = nn.Linear(15, 2)

    def forward(self, text: Tensor) -> Tensor:
        x = self.words(text).transpose(1, 2)
        found = [F.max_pool1d(y, y.shape[2]).squeeze(2) for y in (F.relu(conv(x)) for conv in self.convs)]
        return self.out(torch.cat(found, 1))


def c3d() -> nn.Module:
    return nn.Sequential(
        nn.Conv3d(3, 4, 3, padding=1), nn.BatchNorm3d(4), nn.ReLU(), nn.MaxPool3d((1, 2, 2)),
        nn.Conv3d(4, 6, 3, padding=1), nn.ReLU(), nn.MaxPool3d(2), nn.Flatten(), nn.Linear(6 * 2 * 2 * 3, 5),
    )  # fmt: skip


class Padded(nn.Module):
    """Margins that are no field of a convolution: mirrored, uneven, repeated."""

    def __init__(self) -> None:
        super().__init__()
        self.uneven, self.mirrored, self.border = nn.Conv2d(2, 3, 3), nn.Conv2d(3, 4, 3, 2), nn.Conv2d(4, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.uneven(F.pad(x, (0, 1, 2, 1)))
        x = self.mirrored(F.pad(x, (1, 1, 1, 1), mode="reflect"))
        return self.border(F.pad(x, (1, 1, 1, 1), mode="replicate"))


class Normalised(nn.Module):
    """Norms by groups, by instances, over all of a sample."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.groups = nn.Conv2d(3, 8, 3), nn.GroupNorm(4, 8)
        self.instance, self.plain = nn.InstanceNorm2d(8, affine=True), nn.InstanceNorm2d(8)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.groups(self.conv(x)), 0.1)
        return self.plain(F.elu(self.instance(x)))


class Pooled(nn.Module):
    """The ways in which people write the mean and the largest value over all positions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv(image)
        means = [x.mean((2, 3)), x.mean(dim=[-2, -1]), F.avg_pool2d(x, (5, 6)).flatten(1)]
        means += [F.adaptive_avg_pool2d(x, 1).view(x.shape[0], -1), x.flatten(2).mean(-1), x.mean(3).mean(2)]
        largest = [F.adaptive_max_pool2d(x, 1)[:, :, 0, 0], x.amax((2, 3)), x.flatten(2).max(dim=2)[0]]
        return torch.cat([*means, *largest], 1)


class SpeechCNN(nn.Module):
    """Along time only: one-dimensional windows, dilated, with norms of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(5, 6, 3, dilation=2), nn.BatchNorm1d(6), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(6, 4, 3, padding=1), nn.InstanceNorm1d(4, affine=True), nn.Tanh(), nn.AdaptiveAvgPool1d(1),
        )  # fmt: skip
        self.out = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Hardtanh(), nn.Linear(6, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.body(x).squeeze(-1))


class AttentiveGate(nn.Module):
    """CBAM: a gate for each channel from two pools, then one for each position from two reductions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3)
        self.mlp = nn.Sequential(nn.Linear(6, 3), nn.ReLU(), nn.Linear(3, 6))
        self.spatial = nn.Conv2d(2, 1, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        gate = torch.sigmoid(self.mlp(x.mean((2, 3))) + self.mlp(x.amax((2, 3))))
        x = x * gate[:, :, None, None]
        maps = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)
        return x * torch.sigmoid(self.spatial(maps))


class Siamese(nn.Module):
    """One network with one set of weights on two images."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 5))

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return torch.abs(self.body(left) - self.body(right))
