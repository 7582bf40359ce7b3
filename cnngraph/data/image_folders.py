"""Pictures in folders, one for each class: the form in which people keep their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnngraph.data.dataset import Part, labelled
from cnngraph.data.pictures import Form, column_of
from cnngraph.diagnostics import error

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
LEAST = 5  # pictures of a part
PARTS = {"train": ("train",), "validation": ("validation", "val", "valid"), "test": ("test",)}


def read_folders(folder: Path, form: Form) -> tuple[dict[str, Part], tuple[str, ...]]:
    """(parts by name, class names in order): `train` alone where the folder has no parts. Raises E0701, with every
    wrong picture.
    """
    folders = _parts(folder)
    names = _class_names(folders["train"])
    for part in folders.values():
        if extra := [name for name in _class_names(part) if name not in names]:
            raise error("E0701", f"{part} has the class {extra[0]}, {folders['train']} has not")
    return {name: _part(part, names, form) for name, part in folders.items()}, names


def _parts(folder: Path) -> dict[str, Path]:
    """The folder of each part: where there is a folder `train` of folders, which is then no class."""
    train = folder / "train"
    if not train.is_dir() or not any(path.is_dir() for path in train.iterdir()):
        return {"train": folder}
    found = {part: [folder / name for name in names if (folder / name).is_dir()] for part, names in PARTS.items()}
    return {part: there[0] for part, there in found.items() if there}


def _class_names(folder: Path) -> tuple[str, ...]:
    if not folder.is_dir():
        raise error("E0701", f"{folder}: there is no such folder of pictures")
    names = tuple(sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")))
    if len(names) < 2:
        raise error("E0701", f"{folder}: there are {len(names)} folders, one for each class is needed")
    return names


def _part(folder: Path, names: tuple[str, ...], form: Form) -> Part:
    """The pictures of all classes, in order of class and name."""
    listed = [(path, number) for number, name in enumerate(names) for path in pictures_of(folder / name)]
    if len(listed) < LEAST:
        raise error("E0701", f"{folder}: there are only {len(listed)} pictures", f"they end in {', '.join(SUFFIXES)}")
    labels = np.array([number for _, number in listed], np.int64)
    return labelled(column_of([path for path, _ in listed], form), labels)


def pictures_of(folder: Path) -> list[Path]:
    """The picture files of a folder; hidden ones are not meant."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
