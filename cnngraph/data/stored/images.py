"""`images(folder, size)`: pictures of your own, in a folder for each class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cnngraph.data.dataset import Dataset
from cnngraph.data.image_folders import read_folders
from cnngraph.data.pictures import MEGABYTES, Form
from cnngraph.data.source import Undivided, place_of, require_size


@dataclass(frozen=True)
class Images(Undivided):
    """Pictures of your own, one subfolder for each class, resized to `size` x `size`.

    Where a subfolder `train` holds the folders of the classes, it and `test` are the parts; a subfolder `validation` or
    `val` is the part to choose by. Pictures that take more than so many `megabytes` are not kept: they are read
    and resized whenever they are needed.
    """

    folder: str
    size: int
    grey: bool = False
    megabytes: int = MEGABYTES

    def __post_init__(self) -> None:
        super().__post_init__()
        require_size(self.size)
        if self.megabytes < 0:
            raise ValueError(f"megabytes is at least 0, not {self.megabytes}")

    def load(self, folder: Path | None, seed: int) -> Dataset:
        form = Form(self.size, self.size, 1 if self.grey else 3, self.megabytes)
        parts, names = read_folders(place_of(self.folder, folder), form)
        return self.from_parts(parts, names, seed)
