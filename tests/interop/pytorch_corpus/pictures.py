"""Networks that make pictures: of pictures, of numbers."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def double(channels: int, features: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, features, 3, padding=1), nn.BatchNorm2d(features), nn.ReLU(),
                         nn.Conv2d(features, features, 3, padding=1), nn.ReLU())  # fmt: skip


class UNet(nn.Module):
    """One step up by a transposed convolution, one by bilinear interpolation."""

    def __init__(self) -> None:
        super().__init__()
        self.top, self.middle, self.bottom = double(1, 4), double(4, 6), double(6, 8)
        self.up = nn.ConvTranspose2d(8, 6, 2, 2)
        self.left, self.right = double(12, 6), double(10, 4)
        self.out = nn.Conv2d(4, 2, 1)

    def forward(self, image: Tensor) -> Tensor:
        top = self.top(image)
        middle = self.middle(F.max_pool2d(top, 2))
        bottom = self.bottom(F.max_pool2d(middle, 2))
        x = self.left(torch.cat([middle, self.up(bottom)], dim=1))
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return torch.sigmoid(self.out(self.right(torch.cat([top, x], dim=1))))


def autoencoder() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, 2, 1), nn.PReLU(4), nn.Conv2d(4, 6, 3, 2, 1), nn.SELU(), nn.Flatten(),
        nn.Linear(24, 5), nn.Softplus(), nn.Linear(5, 24), nn.Unflatten(1, (6, 2, 2)),
        nn.Upsample(scale_factor=2), nn.ConvTranspose2d(6, 4, 3, 2, 1, output_padding=1), nn.ReLU(),
        nn.Conv2d(4, 1, 3, padding=1), nn.Sigmoid(),
    )  # fmt: skip


class Generator(nn.Module):
    """DCGAN: from a vector to a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(7, 8, 4, 1, 0, bias=False), nn.BatchNorm2d(8), nn.ReLU(True),
            nn.ConvTranspose2d(8, 5, 4, 2, 1, bias=False), nn.BatchNorm2d(5), nn.ReLU(True),
            nn.ConvTranspose2d(5, 3, 4, 2, 1, bias=False), nn.Tanh(),
        )  # fmt: skip

    def forward(self, noise: Tensor) -> Tensor:
        return self.main(noise[:, :, None, None])


def projected() -> nn.Module:
    """A vector to a small picture by a linear layer, as in the first generators, and up from there."""
    return nn.Sequential(
        nn.Linear(7, 6 * 3 * 2), nn.BatchNorm1d(36), nn.LeakyReLU(0.2), nn.Unflatten(1, (6, 3, 2)),
        nn.Conv2d(6, 8, 3, padding=1), nn.PixelShuffle(2), nn.Conv2d(2, 1, 3, padding=1), nn.Tanh(),
    )  # fmt: skip


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(3, 4, 4, 2, 1, bias=False), nn.LeakyReLU(0.2), nn.Conv2d(4, 6, 4, 2, 1, bias=False),
            nn.BatchNorm2d(6), nn.LeakyReLU(0.2), nn.Conv2d(6, 1, 4, 1, 0, bias=False), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, image: Tensor) -> Tensor:
        return self.main(image).view(-1, 1)


class SuperResolution(nn.Module):
    """Nearest neighbours by a size, and a picture whose size is any."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(1, 4, 5, padding=2), nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        x = F.relu(self.one(image))
        x = F.interpolate(x, scale_factor=(2.0, 2.0), mode="nearest")
        return self.two(x) + F.interpolate(image, scale_factor=2.0, mode="nearest")
