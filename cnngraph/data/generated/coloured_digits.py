"""Handwritten digits in colours: pictures that a generator can learn to make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from cnngraph.data.dataset import Dataset
from cnngraph.data.generated.drawn import Columns, Drawn
from cnngraph.data.generated.handwriting import Hands, hands, written


@dataclass(frozen=True)
class ColouredDigits(Drawn):
    """A digit on a dark ground, both of some colour, 0.6 to 0.8 of the picture large, turned by up to 15 degrees; the
    writings to test with are others than those to learn from.

    columns: image (N, size, size, 3) bytes, which a net sees from -1 to 1, as a tanh makes them; label.
    """

    count: int = 2000
    tests: int = 200
    size: int = 64

    name: ClassVar[str] = "coloured_digits"
    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 8 <= self.size <= 512:
            raise ValueError(f"size is from 8 to 512 pixels, not {self.size}")

    def load(self, folder: Path | None, seed: int) -> Dataset:
        drawn = super().load(folder, seed)
        assert drawn.preprocessing is not None
        return replace(drawn, preprocessing=replace(drawn.preprocessing, mean=(0.5,) * 3, std=(0.5,) * 3))

    def drawer(self, seed: int, key: int) -> Callable[[np.random.Generator, int], Columns]:
        return partial(self.draw_of, hands(seed, key))

    def draw_of(self, digits: Hands, numbers: np.random.Generator, count: int) -> Columns:
        label = numbers.integers(0, 10, count)
        large = self.size * numbers.uniform(0.6, 0.8, count)
        angle = np.radians(numbers.uniform(-15, 15, count))
        middle = np.full((2, count), self.size / 2)
        ink = written(digits.images[digits.of_class(numbers, label)], self.size, (middle[0], middle[1]), large, angle)
        pen, ground = numbers.uniform(0.4, 1, (count, 1, 1, 3)), numbers.uniform(0, 0.3, (count, 1, 1, 3))
        image = ground + np.clip(ink, 0, 1)[..., None] * (pen - ground)  # (N, size, size, 3)
        return {"image": np.rint(255 * image).astype(np.uint8), "label": label}
