"""Random changes of training images that keep their labels.

The numbers of a change are drawn for all images of an epoch at once, from (seed, epoch, place of the change in the
chain); image i uses row i. So an image meets the same change in any order, batch size or process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.picture import turned
from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.training import Setting
from cnngraph.ir.op import Array, rng

AUGMENTATION = 2  # the third part of the key: no other use of the seed has the same


class Augmentation:
    """A change of images (N, H, W, C) by `width` numbers in [0, 1) for each image."""

    width: ClassVar[int] = 1

    def apply(self, images: Array, numbers: Array) -> Array:
        """New images from `images` and `numbers` (N, width)."""
        raise NotImplementedError


@dataclass(frozen=True)
class Shift(Augmentation):
    """Move by up to `pixels` in each direction, black where nothing was.

    >>> Shift(1).apply(np.array([[[[1], [2]], [[3], [4]]]], np.uint8), np.array([[0.0, 0.5]]))[0, :, :, 0]
    array([[3, 4],
           [0, 0]], dtype=uint8)
    """

    pixels: int
    width: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if self.pixels < 0:
            raise ValueError(f"pixels is at least 0, not {self.pixels}")

    def apply(self, images: Array, numbers: Array) -> Array:
        p = self.pixels
        count, height, width, _ = images.shape
        framed = np.pad(images, ((0, 0), (p, p), (p, p), (0, 0)))
        offset = 2 * p - np.floor(numbers * (2 * p + 1)).astype(np.intp)  # (N, 2): where the cut begins
        rows = offset[:, 0, None] + np.arange(height)  # (N, H)
        columns = offset[:, 1, None] + np.arange(width)  # (N, W)
        moved: Array = framed[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
        return moved


@dataclass(frozen=True)
class Rotate(Augmentation):
    """Turn about the centre by up to `degrees` either way, bilinear, black where nothing was."""

    degrees: float

    def __post_init__(self) -> None:
        if not 0 <= self.degrees <= 180:
            raise ValueError(f"degrees are from 0 to 180, not {self.degrees}")

    def apply(self, images: Array, numbers: Array) -> Array:
        angles = ((2 * numbers[:, 0] - 1) * self.degrees).tolist()
        return np.stack([turned(image, angle) for image, angle in zip(images, angles, strict=True)])


@dataclass(frozen=True)
class Mirror(Augmentation):
    """Left becomes right, for one image in two."""

    def apply(self, images: Array, numbers: Array) -> Array:
        return np.where(numbers[:, :, None, None] < 0.5, images[:, :, ::-1], images)


AUGMENTATIONS: Mapping[str, type[Augmentation]] = {"mirror": Mirror, "rotate": Rotate, "shift": Shift}


class Augmenter:
    """A chain of changes with the random numbers of one epoch of `count` images."""

    def __init__(self, chain: Sequence[Augmentation], seed: int, epoch: int, count: int) -> None:
        self._chain = [
            (change, rng(seed, epoch, AUGMENTATION, place).random((count, change.width)))
            for place, change in enumerate(chain)
        ]

    def __call__(self, images: Array, indices: Array) -> Array:
        """`images` are those with the given `indices` in the data set."""
        for change, numbers in self._chain:
            images = change.apply(images, numbers[indices])
        return images


def chain_of(settings: Sequence[Setting]) -> tuple[Augmentation, ...]:
    """The changes that a train section asks for, in order. Raises CnnGraphError for the first wrong one."""
    return tuple(choose(setting, AUGMENTATIONS, "augmentation") for setting in settings)
