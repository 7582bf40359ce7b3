"""What every source of data is: the object that the call after `data:` means."""

from __future__ import annotations

from pathlib import Path

from cnngraph.data.dataset import Dataset


class Source:
    """A source of data, configured. `batch` is the number of images in a step, unless the section says it."""

    batch: int | None
    limit: int | None

    def __post_init__(self) -> None:
        for name, value in (("batch", self.batch), ("limit", self.limit)):
            if value is not None and value < 1:
                raise ValueError(f"{name} is at least 1, not {value}")

    def load(self, folder: Path | None, seed: int) -> Dataset:
        """The data set; `folder` is where the user keeps data, `seed` splits what has no parts yet. Raises E0701."""
        raise NotImplementedError
