"""Two handwritten digits: are they the same one?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Columns, Drawn
from cnngraph.data.generated.handwriting import Hands, hands, written
from cnngraph.data.generated.ink import grain
from cnngraph.ir.op import Array


@dataclass(frozen=True)
class DigitPairs(Drawn):
    """Half of the pairs are two writings of one digit, half are two digits. Each is turned by up to 20 degrees, moved
    by up to 3 pixels, 15 to 20 pixels large, with noise; the writings to test with are others than those to learn from.

        left  4 4 9 1
        right 4 9 9 7     target 1 0 1 0

    columns: left and right (N, size, size, 1) from 0 to 1; target (N, 1).
    """

    size: int = 24

    name: ClassVar[str] = "digit_pairs"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 16 <= self.size <= 512:
            raise ValueError(f"size is from 16 to 512 pixels, not {self.size}")

    def drawer(self, seed: int, key: int) -> Callable[[np.random.Generator, int], Columns]:
        return partial(self.draw_of, hands(seed, key))

    def draw_of(self, digits: Hands, numbers: np.random.Generator, count: int) -> Columns:
        same = numbers.integers(0, 2, count)
        left = numbers.integers(0, 10, count)
        right = (left + np.where(same, 0, numbers.integers(1, 10, count))) % 10
        seen = {name: self.view(digits, numbers, kinds) for name, kinds in (("left", left), ("right", right))}
        return {**seen, "target": same[:, None].astype(np.float32)}

    def view(self, digits: Hands, numbers: np.random.Generator, kinds: Array) -> Array:
        """A picture of some digit of each kind, (N, size, size, 1)."""
        count = len(kinds)
        x, y = self.size / 2 + numbers.uniform(-3, 3, (2, count))
        large, angle = numbers.uniform(15, 20, count), np.radians(numbers.uniform(-20, 20, count))
        ink = written(digits.images[digits.of_class(numbers, kinds)], self.size, (x, y), large, angle)
        return np.asarray(np.clip(ink + grain(numbers, ink.shape, 0.1), 0, 1))[..., None]
