"""`arrays(file)`: named arrays of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cnngraph.data.array_files import read_arrays
from cnngraph.data.columns import parts_of
from cnngraph.data.dataset import Dataset
from cnngraph.data.source import Undivided, place_of


@dataclass(frozen=True)
class Arrays(Undivided):
    """The arrays of a `.npz` or `.safetensors` file, each a column: `image`, `label`, and any others by the names of
    the inputs that they feed. Names such as `train_image`, `test_image` and `validation_image` say the parts.
    """

    file: str

    def load(self, folder: Path | None, seed: int) -> Dataset:
        parts, names = parts_of(read_arrays(place_of(self.file, folder)))
        return self.from_parts(parts, names, seed)
