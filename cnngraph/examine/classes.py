"""The classes of picture files of any size, prepared as the training images were, with their probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

import numpy as np

from cnngraph.data.image_folders import pictures_of
from cnngraph.diagnostics import error
from cnngraph.examine.classifier import BATCH, Classifier
from cnngraph.render.tabular import Column, Quantity, Table
from cnngraph.train.feeds import cut


@dataclass(frozen=True)
class Prediction:
    """The most probable classes of a picture with their probabilities, best first."""

    path: Path
    classes: tuple[tuple[str, float], ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.path}:", *(f"  {probability:6.2%}  {name}" for name, probability in self.classes)])


def predict(
    classifier: Classifier, pictures: Sequence[Path], top: int = 5, patches: str = "none"
) -> list[Prediction]:
    """The `top` classes of each picture. With `patches` several pieces of it are classified, and their probabilities
    averaged (`Classifier.views`). Raises E0701 for the first wrong picture.
    """
    found: list[Prediction] = []
    for indices in cut(np.arange(len(pictures)), BATCH):
        views = np.stack([classifier.views(pictures[i], patches) for i in indices])  # (N, views, H, W, C)
        rows = classifier.probabilities(views.reshape(-1, *views.shape[2:]))
        means = rows.reshape(len(indices), views.shape[1], -1).mean(axis=1)
        for i, row in zip(indices, means, strict=True):
            order = np.argsort(-row, kind="stable")[:top].tolist()
            found.append(Prediction(pictures[i], tuple((classifier.name(k), float(row[k])) for k in order)))
    return found


def picture_files(names: Iterable[str | Path]) -> list[Path]:
    """Files, all pictures of folders, and what patterns such as `seen/*.png` match, in order. Raises E0701."""
    return [path for name in names for path in _files(Path(name))]


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        found = pictures_of(path)
    elif has_magic(str(path)) and not path.exists():
        found = sorted(map(Path, glob(str(path), recursive=True)))
    else:
        found = [path]
    if not found:
        raise error("E0701", f"{path}: there are no pictures")
    return iter(found)


def predictions_table(found: Sequence[Prediction]) -> Table:
    """A row for each class that is told of a picture, for programs."""
    columns = (
        Column("picture", "picture", False),
        Column("rank", "rank"),
        Column("class", "class", False),
        Column("probability", "probability"),
    )
    return Table(
        columns,
        tuple(
            (str(each.path), rank, name, Quantity(probability, "{:.2%}".format))
            for each in found
            for rank, (name, probability) in enumerate(each.classes, 1)
        ),
    )


def names_of(path: Path, count: int) -> tuple[str, ...]:
    """The names of so many classes, one on each line of a text file. Raises E0701."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise error("E0701", f"{path}: the names of the classes cannot be read: {problem}") from problem
    names = tuple(line.strip() for line in lines)
    if len(names) != count or not any(names):
        raise error("E0701", f"{path}: {len(names)} lines for {count} classes", "each line is the name of a class")
    return names
