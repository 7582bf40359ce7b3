"""`digits(size)`: the handwritten digits that come with the package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cnngraph.data.dataset import Dataset
from cnngraph.data.optical_digits import SIDE, read_digits
from cnngraph.data.source import Stored, require_size


@dataclass(frozen=True)
class Digits(Stored):
    """1,500 handwritten digits to learn from and 297 to test with, 8x8, resized to `size`."""

    size: int = SIDE

    def __post_init__(self) -> None:
        super().__post_init__()
        require_size(self.size)

    def load(self, folder: Path | None, seed: int) -> Dataset:
        train, test = read_digits(self.size, seed)
        return self.finished(train, test, tuple("0123456789"), seed)
