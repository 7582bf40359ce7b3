"""A picture as a net is fed it, and as people see it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnngraph.data.class_names import class_name
from cnngraph.data.dataset import IMAGE, LABEL, Dataset, Part, Preprocessing
from cnngraph.data.picture import read_picture
from cnngraph.diagnostics import error
from cnngraph.ir.op import Array
from cnngraph.render.sheet import spread01


@dataclass(frozen=True, eq=False)
class Picture:
    """`values` (H, W, C) are what the net receives; `preprocessing` says how they come from brightness 0..1."""

    values: Array
    preprocessing: Preprocessing | None = None
    name: str = ""

    @property
    def shown(self) -> Array:
        """(H, W, 1 or 3) bytes."""
        return visible(self.values, self.preprocessing)

    @property
    def unit(self) -> Array:
        """(C,): how much a value changes where the brightness of its pixel changes by 1."""
        std = self.preprocessing.std if self.preprocessing else (1.0,)
        return 1 / np.array(std, np.float32)


def picture_of(image: Picture | Array, preprocessing: Preprocessing | None = None) -> Picture:
    """A picture of an array (H, W, C) that is ready for the net. Raises E0705 for another shape."""
    if isinstance(image, Picture):
        return image
    if image.ndim != 3:
        raise error("E0705", f"a picture is (H, W, C), not {image.shape}", "give one sample: images[0]")
    return Picture(image, preprocessing)


def from_file(path: Path, preprocessing: Preprocessing) -> Picture:
    """A picture file of any size, prepared as the training images were. Raises E0701."""
    how = preprocessing
    image = read_picture(path, how.height, how.width, how.channels)
    padded = np.pad(image, ((how.pad, how.pad), (how.pad, how.pad), (0, 0)))
    return Picture(how.normalized(padded[None])[0], how, path.name)


def from_data(data: Dataset, index: int, part: str = "test") -> Picture:
    """The picture with this number in the `test` or `train` part of a data set. Raises E0705, E0702."""
    samples, how = pictures_of(data, part)
    if not 0 <= index < len(samples):
        raise error("E0705", f"there is no picture {index}", f"the {part} part has {len(samples)}, counted from 0")
    values = how.normalized(samples.images[np.array([index])])[0]
    return Picture(values, how, f"{part} {index}{_class(data, samples, index)}")


def pictures_of(data: Dataset, part: str = "test") -> tuple[Part, Preprocessing]:
    """The `test` or `train` part of a data set, and how its pictures are prepared. Raises E0702 where it has none."""
    samples = data.test if part == "test" else data.train
    if data.preprocessing is None or IMAGE not in samples.columns:
        raise error("E0702", "this data has no pictures", f"its columns are {', '.join(samples.columns)}")
    return samples, data.preprocessing


def _class(data: Dataset, samples: Part, index: int) -> str:
    if LABEL not in samples.columns:
        return ""
    label = int(samples.columns[LABEL][np.array([index])][0])
    return f": {class_name(data.class_names, label)}"


def visible(values: Array, preprocessing: Preprocessing | None) -> Array:
    """Values (H, W, C) as (H, W, 1 or 3) bytes: as bright as they were, or stretched from the least to the greatest;
    what is even is then grey.

    Of other numbers of channels than 1 and 3, the mean is seen.
    """
    if preprocessing is not None and len(preprocessing.mean) == values.shape[-1]:
        bright = values * np.array(preprocessing.std, np.float32) + np.array(preprocessing.mean, np.float32)
        image = spread01(bright, 1.0, signed=False)
    elif np.ptp(values) == 0:
        image = np.full(values.shape, 128, np.uint8)
    else:
        image = spread01(values - values.min(), signed=False)
    return image if image.shape[-1] in (1, 3) else image.mean(axis=-1, keepdims=True).astype(np.uint8)
