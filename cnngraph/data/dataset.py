"""Labelled images, channels last, and what is done to their numbers before a network sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.ir.op import Array


@dataclass(frozen=True, eq=False)
class Part:
    """Images (N, H, W, C) with numbers from 0 to 255 (uint8) or 0 to 1 (float32), and labels (N,) from 0 (int64)."""

    images: Array
    labels: Array

    def __post_init__(self) -> None:
        count = len(self.labels)
        if self.images.ndim != 4 or self.labels.shape != (len(self.images),) or not count:
            shapes = f"images {self.images.shape}, labels {self.labels.shape}"
            raise error("E0701", f"images are (N, H, W, C) and labels (N,) with the same N >= 1, not {shapes}")

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> Part:
        """The first `count` images, or all."""
        return self if count is None else Part(self.images[:count], self.labels[:count])

    def chosen(self, indices: Array) -> Part:
        """The images with these indices, in their order."""
        return Part(self.images[indices], self.labels[indices])


@dataclass(frozen=True)
class Preprocessing:
    """From a picture of any size to the numbers of a network: resize to `height` x `width`, black `pad` around, scale
    to 0..1, then (x - mean) / std for each channel. It is kept with the weights, so that a prediction does the same.

    >>> Preprocessing(1, 1, 1, 0, (0.5,), (0.25,)).normalized(np.array([[[[255]]]], np.uint8))
    array([[[[2.]]]], dtype=float32)
    """

    height: int
    width: int
    channels: int
    pad: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def normalized(self, images: Array) -> Array:
        """(N, H, W, C) in float32, from uint8 or from floats between 0 and 1."""
        unit = 255.0 if images.dtype == np.uint8 else 1.0
        scale = 1 / (unit * np.array(self.std))
        shift = -np.array(self.mean) / np.array(self.std)
        x: Array = images.astype(np.float32)
        x *= scale.astype(np.float32)
        x += shift.astype(np.float32)
        return x

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Preprocessing:
        """Raises ValueError, KeyError or TypeError where `text` is something else."""
        read: Mapping[str, Any] = json.loads(text)
        return Preprocessing(**{**read, "mean": tuple(read["mean"]), "std": tuple(read["std"])})


@dataclass(frozen=True, eq=False)
class Dataset:
    """A part to learn from, a part to test with, the names of the classes, and the preprocessing of both."""

    train: Part
    test: Part
    class_names: tuple[str, ...]
    preprocessing: Preprocessing


def dataset(
    train: Part,
    test: Part,
    class_names: tuple[str, ...],
    *,
    pad: int = 0,
    normalize: bool = True,
    limit: int | None = None,
) -> Dataset:
    """A data set from its parts: padded, the training part cut to `limit`, mean and deviation measured on that part.

    Without `normalize` numbers go from 0 to 1. Raises E0701 where a label has no class.
    """
    for part in (train, test):
        low, high = int(part.labels.min()), int(part.labels.max())
        if low < 0 or high >= len(class_names):
            raise error("E0701", f"there are labels from {low} to {high}, but {len(class_names)} classes")
    _, height, width, channels = train.images.shape
    kept = train.first(limit)
    mean, std = _moments(kept.images, pad) if normalize else ((0.0,) * channels, (1.0,) * channels)
    preprocessing = Preprocessing(height, width, channels, pad, mean, std)
    return Dataset(_padded(kept, pad), _padded(test, pad), class_names, preprocessing)


def _moments(images: Array, pad: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel in 0..1, as if `pad` black pixels were around; 1 for no deviation."""
    count, height, width, channels = images.shape
    elements = count * (height + 2 * pad) * (width + 2 * pad)
    unit = 255.0 if images.dtype == np.uint8 else 1.0
    flat = images.reshape(-1, channels)
    mean = flat.sum(axis=0, dtype=np.float64) / elements / unit
    square = np.stack([_squares(flat[:, c]) for c in range(channels)]) / elements / unit**2
    std = np.sqrt(np.maximum(square - mean**2, 0))
    return tuple(mean.tolist()), tuple(np.where(std > 1e-6, std, 1.0).tolist())


def _squares(values: Array) -> float:
    if values.dtype == np.uint8:  # exact, and without a second copy of the images in floats
        counts = np.bincount(values, minlength=256)
        return float(counts @ np.arange(256, dtype=np.int64) ** 2)
    return float(np.square(values, dtype=np.float64).sum())


def _padded(part: Part, pad: int) -> Part:
    if not pad:
        return part
    return replace(part, images=np.pad(part.images, ((0, 0), (pad, pad), (pad, pad), (0, 0))))
