"""Natural changes of pictures at a stated strength: how a net is asked whether it still knows what they show.

They are those of training (`data.augmentations`), but each picture gets the full strength; which way, the seed draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.data.augmentation import Augmentation, floats, stored
from cnngraph.data.augmentations.brightness import Brightness
from cnngraph.data.augmentations.contrast import Contrast
from cnngraph.data.augmentations.mirror import Mirror
from cnngraph.data.augmentations.noise import Noise
from cnngraph.data.augmentations.rotate import Rotate
from cnngraph.data.augmentations.scale import Scale
from cnngraph.data.augmentations.shift import Shift
from cnngraph.diagnostics import error
from cnngraph.examine.blur import blurred
from cnngraph.ir.op import Array, rng

CHANGED = 9  # the third part of the key: no other use of the seed has the same
ALMOST_ONE = np.nextafter(1.0, 0.0)
DIRECTIONS = np.array([(y, x) for y in (0, 0.5, ALMOST_ONE) for x in (0, 0.5, ALMOST_ONE) if (y, x) != (0.5, 0.5)])


@dataclass(frozen=True)
class Blur(Augmentation):
    """As `blurred`, of so many pixels.

    >>> Blur(0.5).apply(np.array([[[[0], [0], [200], [0], [0]]]], np.uint8), np.zeros((1, 1)))[0, 0, :, 0]
    array([  0,  21, 157,  21,   0], dtype=uint8)
    """

    deviation: float

    def __post_init__(self) -> None:
        if not 0 < self.deviation <= 100:
            raise ValueError(f"deviation is above 0 and at most 100 pixels, not {self.deviation}")

    def apply(self, images: Array, numbers: Array) -> Array:
        return stored(blurred(floats(images), self.deviation), images)


@dataclass(frozen=True)
class Kind:
    """A way to change pictures: `levels` of it if nobody says others, in `unit`; `none` is the one that does nothing.

    `make` gives the change of a level for pictures with a shorter side of so many pixels.
    """

    levels: tuple[float, ...]
    unit: str
    none: float
    make: Callable[[float, int], Augmentation]

    def text(self, level: float) -> str:
        """A level in words."""
        if not self.unit:
            return ""
        return f"+-{level:g}" if self.unit == "more or less" else f"{level:g} {self.unit}"


KINDS: Mapping[str, Kind] = {
    "shift": Kind((4, 8, 12, 16), "% of side", 0, lambda level, side: Shift(max(1, round(level / 100 * side)))),
    "scale": Kind((0.7, 0.85, 1.15, 1.3), "times", 1, lambda level, side: Scale(level, level)),
    "rotate": Kind((5, 10, 20, 30), "degrees", 0, lambda level, side: Rotate(level)),
    "noise": Kind((0.05, 0.1, 0.2, 0.3), "of white", 0, lambda level, side: Noise(level)),
    "brightness": Kind((0.1, 0.2, 0.4, 0.6), "more or less", 0, lambda level, side: Brightness(level)),
    "contrast": Kind((0.2, 0.4, 0.6, 0.8), "more or less", 0, lambda level, side: Contrast(level)),
    "blur": Kind((0.5, 1, 1.5, 2), "pixels", 0, lambda level, side: Blur(level)),
    "mirror": Kind((1,), "", 0, lambda level, side: Mirror()),
}


def change_of(kind: str, level: float, side: int) -> Augmentation:
    """The change of a kind at a level. Raises E0108 for a level out of range."""
    try:
        return KINDS[kind].make(level, side)
    except ValueError as problem:
        raise error("E0108", f"{kind} by {level:g}: {problem}") from problem


def numbers_of(change: Augmentation, count: int, seed: int) -> Array:
    """(count, draws): the numbers by which each of `count` pictures is changed with full strength, in a drawn way."""
    drawn = rng(seed, 0, CHANGED).random((count, 1))
    if isinstance(change, Shift):
        return DIRECTIONS[np.floor(drawn[:, 0] * len(DIRECTIONS)).astype(np.intp)]
    if isinstance(change, Mirror):
        return np.zeros((count, 1))
    return drawn if isinstance(change, Noise) else np.where(drawn < 0.5, 0.0, ALMOST_ONE)


def levels_of(given: Mapping[str, Sequence[float]] | None) -> dict[str, tuple[float, ...]]:
    """Levels of each kind that is asked for, the usual ones where none are said. Raises E0101 for an unknown kind,
    E0108 for levels of one that has none.
    """
    chosen = given or dict.fromkeys(KINDS, ())
    if unknown := [name for name in chosen if name not in KINDS]:
        raise error("E0101", f"there is no change named {unknown[0]}", f"known: {', '.join(KINDS)}")
    if flat := [name for name, levels in chosen.items() if levels and not KINDS[name].unit]:
        raise error("E0108", f"{flat[0]} has no levels", f"write {flat[0]} alone")
    return {name: tuple(levels) or KINDS[name].levels for name, levels in chosen.items()}
