"""Pictures in folders, one for each class: the form in which people keep their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnngraph.data.dataset import Part, labelled
from cnngraph.data.optical_digits import SPLIT
from cnngraph.data.picture import read_picture
from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.ir.op import rng

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
TESTED = 5  # one picture in so many is for testing
MAX_BYTES = 2**32


def read_folders(folder: Path, size: int, channels: int, seed: int) -> tuple[Part, Part, tuple[str, ...]]:
    """(training part, test part, class names in order). Raises E0701, with every wrong picture."""
    if (folder / "train").is_dir() and (folder / "test").is_dir():
        names = _class_names(folder / "train")
        train, test = (_part(_listed(folder / part, names), size, channels) for part in ("train", "test"))
        return train, test, names
    names = _class_names(folder)
    whole = _part(_listed(folder, names), size, channels)
    order = rng(seed, 0, SPLIT).permutation(len(whole))
    tested = len(whole) // TESTED
    return whole.chosen(order[tested:]), whole.chosen(order[:tested]), names


def _class_names(folder: Path) -> tuple[str, ...]:
    if not folder.is_dir():
        raise error("E0701", f"{folder}: there is no such folder of pictures")
    names = tuple(sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")))
    if len(names) < 2:
        raise error("E0701", f"{folder}: there are {len(names)} folders, one for each class is needed")
    return names


def _listed(folder: Path, names: tuple[str, ...]) -> list[tuple[Path, int]]:
    """Every picture file with the number of its class, in order of class and name."""
    found = [
        (path, number)
        for number, name in enumerate(names)
        for path in sorted((folder / name).glob("*"))
        if path.suffix.lower() in SUFFIXES
    ]
    if len(found) < TESTED:
        raise error("E0701", f"{folder}: there are only {len(found)} pictures", f"they end in {', '.join(SUFFIXES)}")
    return found


def _part(files: list[tuple[Path, int]], size: int, channels: int) -> Part:
    needed = len(files) * size * size * channels
    if needed > MAX_BYTES:
        raise error("E0701", f"{len(files)} pictures of {size}x{size} take {needed} bytes, more than {MAX_BYTES}")
    images = np.empty((len(files), size, size, channels), np.uint8)
    wrong: list[Diagnostic] = []
    for place, (path, _) in enumerate(files):
        try:
            images[place] = read_picture(path, size, size, channels)
        except CnnGraphError as problem:
            wrong += problem.diagnostics
    if wrong:
        raise CnnGraphError(wrong)
    return labelled(images, np.array([number for _, number in files], np.int64))
