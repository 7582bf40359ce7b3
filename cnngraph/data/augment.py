"""The `augment` line of a train section: a chain of changes, and the random numbers that each picture meets.

The numbers of a change are drawn for all pictures of an epoch at once, from (seed, epoch, place of the change in the
chain); picture i has row i. So a picture meets the same change in any order, batch size or thread.

The column `image` alone is changed. For data whose other columns say where something lies in the picture, only changes
of light and colour are right.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence

from cnngraph.data import augmentations
from cnngraph.data.augmentation import Augmentation, Shape
from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label
from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.training import Setting
from cnngraph.ir.op import Array, rng

AUGMENTATION = 2  # the third part of the key: no other use of the seed has the same


def _listed() -> Mapping[str, type[Augmentation]]:
    """The class of each file of the folder, by the name of the file."""
    found: dict[str, type[Augmentation]] = {}
    for module in pkgutil.iter_modules(augmentations.__path__):
        values = vars(importlib.import_module(f"{augmentations.__name__}.{module.name}")).values()
        (found[module.name],) = (v for v in values if getattr(v, "__name__", "").lower() == module.name)
    return found


AUGMENTATIONS = _listed()


class Augmenter:
    """A chain of changes with the random numbers of one epoch of `count` pictures."""

    def __init__(self, chain: Sequence[Augmentation], seed: int, epoch: int, count: int) -> None:
        self._chain = [
            (change, rng(seed, epoch, AUGMENTATION, place).random((count, change.draws)))
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


def shape_after(settings: Sequence[Setting], shape: Shape) -> Shape:
    """(height, width, channels) of pictures after the changes: what the network sees. Raises E0702."""
    for setting, change in zip(settings, chain_of(settings), strict=True):
        try:
            shape = change.shape(shape)
        except ValueError as problem:
            place = Label(setting.span, "in this change")
            raise CnnGraphError(Diagnostic("E0702", f"{setting.name}: {problem}", place)) from problem
    return shape
