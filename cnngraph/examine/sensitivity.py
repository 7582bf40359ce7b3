"""Which pixels matter for a class: how much its score changes with each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.data.dataset import Preprocessing
from cnngraph.diagnostics import error
from cnngraph.examine.picture import Picture, picture_of
from cnngraph.examine.probe import probe
from cnngraph.examine.scaling import enlargement
from cnngraph.examine.target import Target, class_target, most_likely
from cnngraph.ir.op import Array, rng
from cnngraph.net import Net
from cnngraph.render.glow import glowing
from cnngraph.render.sheet import Sheet, Tile, sheet, spread01

NOISE = 15  # the third part of the key: no other use of the seed has the same


@dataclass(frozen=True, eq=False)
class Saliency:
    """`slopes` (H, W, C): d score / d brightness of each pixel, where brightness goes from 0 to 1."""

    picture: Picture
    target: Target
    score: float
    slopes: Array

    @property
    def magnitude(self) -> Array:
        """(H, W): the largest |slope| of the channels of each pixel."""
        found: Array = np.abs(self.slopes).max(axis=-1)
        return found

    @property
    def signed(self) -> Array:
        """(H, W): the slope where all channels of a pixel become brighter together."""
        found: Array = self.slopes.sum(axis=-1)
        return found

    def sheet(self, signed: bool = False, scale: int | None = None) -> Sheet:
        """The picture, the map (with `signed`: grey is 0), and the map over the picture (red raises, blue lowers)."""
        seen, values = self.picture.shown, self.signed if signed else self.magnitude
        tiles = [
            Tile(seen, self.picture.name or "picture"),
            Tile(spread01(values, signed=signed), "slope of the score" if signed else "|slope| of the score"),
            Tile(glowing(seen, values, signed), "red raises, blue lowers" if signed else "over the picture"),
        ]
        title = f"Saliency of {self.target.name}, score {self.score:.3g}"
        return sheet(tiles, 3, scale or enlargement(seen.shape), title)

    def __str__(self) -> str:
        row, column = np.unravel_index(int(self.magnitude.argmax()), self.magnitude.shape)
        largest = f"largest |slope| {self.magnitude.max():.4g} at row {row}, column {column}"
        return f"{self.target.name}: score {self.score:.6g}; {largest}; mean {self.magnitude.mean():.4g}"


def saliency(
    net: Net,
    image: Picture | Array,
    target: int | Target | None = None,
    *,
    samples: int = 1,
    noise: float = 0.15,
    seed: int = 0,
    class_names: Sequence[str] = (),
    preprocessing: Preprocessing | None = None,
) -> Saliency:
    """d score / d pixel at an image (H, W, C), of a class (without one, the most probable) or another target.

    The score is the value before softmax. With several `samples` it is the mean of the slopes at so many noisy images;
    `noise` is the deviation as a part of the range of the image.

    Simonyan, Vedaldi, Zisserman: Deep inside convolutional networks, 2013, section 3; Smilkov et al.: SmoothGrad, 2017.
    """
    if samples < 1 or noise < 0:
        raise error("E0108", f"saliency takes 1 or more samples and noise from 0, not {samples} and {noise}")
    picture = picture_of(image, preprocessing)
    wanted = target_of(net, picture.values, target, class_names)
    found = probe(net, wanted.layer)
    values = found.values(picture.values[None])
    images = picture.values[None]
    if samples > 1:
        deviation = noise * float(np.ptp(images))
        images = images + deviation * rng(seed, 0, NOISE).standard_normal((samples, *images.shape[1:]), np.float32)
    slopes = found.slopes(images, wanted.weights(values.shape)).mean(axis=0)
    return Saliency(picture, wanted, float(wanted.of(values)[0]), slopes * picture.unit)


def target_of(net: Net, image: Array, target: int | Target | None, class_names: Sequence[str] = ()) -> Target:
    """The target that is meant: one by itself, the score of a class, or of the most probable class."""
    if isinstance(target, Target):
        return target
    return class_target(net, most_likely(net, image) if target is None else target, class_names)
