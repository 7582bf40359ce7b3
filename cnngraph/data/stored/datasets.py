"""`datasets(name, size)`: a data set of Hugging Face."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cnngraph.data.dataset import IMAGE, LABEL, Dataset
from cnngraph.data.hugging_face import open_sets, parts_of
from cnngraph.data.pictures import MEGABYTES, Form
from cnngraph.data.source import MAX_SIZE, Undivided, place_of
from cnngraph.diagnostics import error


@dataclass(frozen=True)
class Datasets(Undivided):
    """A data set of Hugging Face by its name there, or a folder that its `save_to_disk` wrote; it needs the extra
    `datasets`. The column `image` holds pictures, which become `size` x `size` (with `image = ""` there are none), the
    column `label` the classes; columns of numbers feed the inputs of their names.

    `train_split`, `test_split` and `validation_split` are the names of the parts there; the last two may be missing.
    """

    name: str
    size: int = 0
    configuration: str = ""
    image: str = IMAGE
    label: str = LABEL
    train_split: str = "train"
    test_split: str = "test"
    validation_split: str = "validation"
    grey: bool = False
    megabytes: int = MEGABYTES

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.size <= MAX_SIZE or (self.image and not self.size):
            raise ValueError(f"size is from 1 to {MAX_SIZE}, not {self.size}")
        if self.megabytes < 0:
            raise ValueError(f"megabytes is at least 0, not {self.megabytes}")

    def load(self, folder: Path | None, seed: int) -> Dataset:
        place = place_of(self.name, folder)
        splits = open_sets(str(place) if place.is_dir() else self.name, self.configuration)
        if self.train_split not in splits:
            raise error("E0701", f"{self.name} has no split {self.train_split}, but {', '.join(splits)}")
        wanted = {"train": self.train_split, "validation": self.validation_split, "test": self.test_split}
        chosen = {part: splits[split] for part, split in wanted.items() if split in splits}
        form = Form(self.size, self.size, 1 if self.grey else 3, self.megabytes)
        parts, names = parts_of(chosen, self.image, self.label, form)
        return self.from_parts(parts, names, seed)
