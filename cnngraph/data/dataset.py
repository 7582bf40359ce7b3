"""Data sets: named columns of one length in two parts, and what is done to pictures before a network sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, Protocol

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.ir.op import Array

IMAGE = "image"
"""The column of pictures: (N, H, W, C), numbers from 0 to 255 (uint8) or from 0 to 1 (floats)."""
LABEL = "label"
"""The column of classes: (N,), whole numbers from 0."""
AT_ONCE = 2**22  # so many bytes of pictures are measured at once
MAX_SIDE = 2**14  # pixels of a side, in what a file says
MEASURED = 5000  # pictures of a column that makes them when asked; their mean is close to that of all


class Column(Protocol):
    """One value for each of N samples: an array (N, ...), or something that makes the rows asked for."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    def __len__(self) -> int: ...
    def __getitem__(self, indices: Array, /) -> Array: ...


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a column with these indices, in their order; none is made before it is asked for."""

    column: Column
    indices: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.indices), *self.column.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.column.dtype

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, indices: Array, /) -> Array:
        return self.column[self.indices[indices]]


@dataclass(frozen=True, eq=False)
class Part:
    """Samples as columns of the same length N >= 1, by name. Raises E0701 where they do not fit together.

    >>> Part({"left": np.zeros((3, 8)), "right": np.zeros((3, 8)), "same": np.array([0, 1, 1])})
    <part of 3: left (8,), right (8,), same>
    """

    columns: Mapping[str, Column]

    def __post_init__(self) -> None:
        shapes = {name: tuple(column.shape) for name, column in self.columns.items()}
        if len({shape[:1] for shape in shapes.values()}) != 1 or not len(self):
            shown = ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "none"
            raise error("E0701", f"columns have the same number N >= 1 of rows, not {shown}")
        if len(shapes.get(IMAGE, (0,) * 4)) != 4 or len(shapes.get(LABEL, (0,))) != 1:
            wrong = ", ".join(f"{name} {shapes[name]}" for name in (IMAGE, LABEL) if name in shapes)
            raise error("E0701", f"a column `{IMAGE}` is (N, H, W, C) and a column `{LABEL}` (N,), not {wrong}")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __repr__(self) -> str:
        shown = (f"{name} {column.shape[1:]}" if column.shape[1:] else name for name, column in self.columns.items())
        return f"<part of {len(self)}: {', '.join(shown)}>"

    @property
    def images(self) -> Column:
        """The column of pictures."""
        return self.columns[IMAGE]

    @property
    def labels(self) -> Array:
        """The classes of all samples."""
        return self.columns[LABEL][np.arange(len(self))]

    def first(self, count: int | None) -> Part:
        """The first `count` samples, or all."""
        return self if count is None else self.chosen(np.arange(min(count, len(self))))

    def chosen(self, indices: Array) -> Part:
        """The samples with these indices, in their order."""
        return Part({name: _chosen(column, indices) for name, column in self.columns.items()})


def labelled(images: Column, labels: Column) -> Part:
    """Pictures (N, H, W, C) and their classes (N,)."""
    return Part({IMAGE: images, LABEL: labels})


def _chosen(column: Column, indices: Array) -> Column:
    return column[indices] if isinstance(column, np.ndarray) else Rows(column, indices)


@dataclass(frozen=True)
class Preprocessing:
    """From a picture of any size to the numbers of a network: resize to `height` x `width`, black `pad` around, cut or
    frame to the size `frame` if there is one, scale to 0..1, then (x - mean) / std for each channel. It is kept with
    the weights, so that a prediction does the same.

    >>> Preprocessing(1, 1, 1, 0, (0.5,), (0.25,)).normalized(np.array([[[[255]]]], np.uint8))
    array([[[[2.]]]], dtype=float32)
    """

    height: int
    width: int
    channels: int
    pad: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    frame: tuple[int, int] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of what the network sees."""
        height, width = self.frame or (self.height + 2 * self.pad, self.width + 2 * self.pad)
        return height, width, self.channels

    def normalized(self, images: Array) -> Array:
        """(N, H, W, C) in float32, from uint8 or from floats between 0 and 1."""
        images = images if self.frame is None else framed(images, *self.frame)
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
        """Raises ValueError, KeyError, TypeError or AttributeError where `text` is something else."""
        read: Mapping[str, Any] = json.loads(text)
        frame = tuple(read["frame"]) if read.get("frame") else None
        how = Preprocessing(**{**read, "mean": tuple(read["mean"]), "std": tuple(read["std"]), "frame": frame})
        if not how._is_possible():
            raise ValueError(f"this is done to no picture: {text:.200}")
        return how

    def _is_possible(self) -> bool:
        sizes = self.height, self.width, self.channels, *(self.frame or (1, 1))
        whole = all(type(size) is int for size in (*sizes, self.pad)) and len(sizes) == 5
        if not whole or not all(1 <= size <= MAX_SIDE for size in sizes) or not 0 <= self.pad <= MAX_SIDE:
            return False
        alike = len(self.mean) == len(self.std) == self.channels
        return alike and all(map(isfinite, (*self.mean, *self.std))) and all(each > 0 for each in self.std)


def framed(images: Array, height: int, width: int) -> Array:
    """Pictures (N, H, W, C) as (N, height, width, C): the centre of larger ones, smaller ones within a black frame.

    >>> framed(np.array([[[[1], [2], [3]]]]), 2, 1)[0, :, :, 0].tolist()
    [[2], [0]]
    """
    for axis, size in ((1, height), (2, width)):
        room = images.shape[axis] - size
        if room > 0:
            images = images[(slice(None),) * axis + (slice(room // 2, room // 2 + size),)]
        elif room < 0:
            around = [(0, 0)] * 4
            around[axis] = (-room // 2, -room - -room // 2)
            images = np.pad(images, around)
    return images


@dataclass(frozen=True, eq=False)
class Dataset:
    """A part to learn from, a part to test with, the names of the classes if there are any, what is done to the column
    of pictures of all parts (None: nothing), and the part that choices are made by while the run goes on, if it is
    another than the one to test with.
    """

    train: Part
    test: Part
    class_names: tuple[str, ...] = ()
    preprocessing: Preprocessing | None = None
    validation: Part | None = None

    def __post_init__(self) -> None:
        if any(part.columns.keys() != self.train.columns.keys() for part in self.parts.values()):
            names = " and ".join(", ".join(part.columns) for part in self.parts.values())
            raise error("E0701", f"all parts of a data set have the same columns, not {names}")

    @property
    def parts(self) -> dict[str, Part]:
        """The parts that there are, by name."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}


def dataset(
    train: Part,
    test: Part,
    class_names: tuple[str, ...],
    *,
    pad: int = 0,
    normalize: bool = True,
    limit: int | None = None,
    validation: Part | None = None,
) -> Dataset:
    """A data set from its parts: the training part cut to `limit`, pictures padded, their mean and deviation measured
    on that part.

    Without `normalize` their numbers go from 0 to 1. Raises E0701 where a label has no class.
    """
    kept = train.first(limit)
    whole = Dataset(kept, test, class_names, None, validation)
    for labels in (part.labels for part in whole.parts.values() if LABEL in part.columns):
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= len(class_names):
            raise error("E0701", f"there are labels from {low} to {high}, but {len(class_names)} classes")
    if IMAGE not in train.columns:
        return whole
    _, height, width, channels = train.images.shape
    mean, std = _moments(kept.images, pad) if normalize else ((0.0,) * channels, (1.0,) * channels)
    preprocessing = Preprocessing(height, width, channels, pad, mean, std)
    validation = validation and _padded(validation, pad)
    return Dataset(_padded(kept, pad), _padded(test, pad), class_names, preprocessing, validation)


def _moments(images: Column, pad: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel in 0..1, as if `pad` black pixels were around; 1 for no deviation."""
    _, height, width, channels = images.shape
    chosen = measured(images)
    elements = len(chosen) * (height + 2 * pad) * (width + 2 * pad)
    step = max(1, AT_ONCE // (height * width * channels * images.dtype.itemsize))
    unit = 255.0 if images.dtype == np.uint8 else 1.0
    total, squares = np.zeros(channels), np.zeros(channels)
    for start in range(0, len(chosen), step):
        flat = images[chosen[start : start + step]].reshape(-1, channels)
        total += flat.sum(axis=0, dtype=np.float64)
        squares += [_squares(flat[:, c]) for c in range(channels)]
    mean = total / elements / unit
    std = np.sqrt(np.maximum(squares / elements / unit**2 - mean**2, 0))
    return tuple(mean.tolist()), tuple(np.where(std > 1e-6, std, 1.0).tolist())


def measured(column: Column) -> Array:
    """The indices of the samples that stand for all of a column when it is measured."""
    count = len(column)
    most = count if isinstance(column, np.ndarray) else min(count, MEASURED)
    return np.linspace(0, count - 1, most).astype(np.intp)


def _squares(values: Array) -> float:
    if values.dtype == np.uint8:  # exact, and without a second copy of the images in floats
        counts = np.bincount(values, minlength=256)
        return float(counts @ np.arange(256, dtype=np.int64) ** 2)
    return float(np.square(values, dtype=np.float64).sum())


def _padded(part: Part, pad: int) -> Part:
    if not pad:
        return part
    images = part.images if isinstance(part.images, np.ndarray) else part.images[np.arange(len(part))]
    return Part({**part.columns, IMAGE: np.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)))})
