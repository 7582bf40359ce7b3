"""One handwritten digit somewhere in a picture, small or large, among strokes that are no digit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Columns, Drawn
from cnngraph.data.generated.handwriting import Hands, hands, written
from cnngraph.data.generated.ink import covered, each, grain, pixels, stroke
from cnngraph.ir.op import Array

INK = 0.3  # a pixel with more belongs to the digit, and its box holds it


@dataclass(frozen=True)
class PlacedDigits(Drawn):
    """What is it, and where? A digit of 14 to 26 pixels, turned by up to 12 degrees, three short strokes, noise.

        +-----------------+
        |   /   +----+    |     target = (0.4, 0.1, 0.2, 0.6): x and y of the left upper corner of the
        |       |7777|  - |     ink, its width and height, as parts of the picture
        |       |  7 |    |     label = 7
        |       | 7  |    |
        |  |    +----+    |
        +-----------------+

    The digits to test with are of other writing than those to learn from.

    columns: image (N, size, size, 1); label (N,); target (N, 4).
    """

    size: int = 40

    name: ClassVar[str] = "placed_digits"
    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 32 <= self.size <= 512:
            raise ValueError(f"size is from 32 to 512 pixels, not {self.size}")

    def drawer(self, seed: int, key: int) -> Callable[[np.random.Generator, int], Columns]:
        return partial(self.draw_of, hands(seed, key))

    def draw_of(self, digits: Hands, numbers: np.random.Generator, count: int) -> Columns:
        chosen = numbers.integers(0, len(digits.labels), count)
        large = numbers.uniform(14, 26, count)
        centre = numbers.uniform(0.45 * large, self.size - 0.45 * large, (2, count))
        angle = np.radians(numbers.uniform(-12, 12, count))
        ink = written(digits.images[chosen], self.size, (centre[0], centre[1]), large, angle)
        ground, bright = each(numbers.uniform(0, 0.35, count)), each(numbers.uniform(0.65, 1, count))
        picture = np.maximum(ground + (bright - ground) * ink, self.strokes(numbers, count))
        picture += grain(numbers, picture.shape, 0.08)
        image = np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)[..., None]
        return {"image": image, "label": digits.labels[chosen], "target": boxes(ink > INK)}

    def strokes(self, numbers: np.random.Generator, count: int) -> Array:
        """Three strokes of 5 pixels for each picture, (N, size, size)."""
        drawn = np.zeros((count, self.size, self.size), np.float32)
        for _ in range(3):
            x, y = numbers.uniform(2, self.size - 2, (2, count))
            angle = numbers.uniform(0, np.pi, count)
            end = each(x + 5 * np.cos(angle)), each(y + 5 * np.sin(angle))
            line = covered(stroke(pixels(self.size, self.size), (each(x), each(y)), end, 0.7))
            drawn = np.maximum(drawn, line * each(numbers.uniform(0.5, 1, count)))
        return drawn


def boxes(inside: Array) -> Array:
    """The smallest box around what is true in each of `inside` (N, H, W): x, y, width, height as parts of 1.

    >>> boxes(np.array([[[0, 0, 0, 0], [0, 1, 1, 0]]], bool))
    array([[0.25, 0.5 , 0.5 , 0.5 ]], dtype=float32)
    """
    sides = []
    for axis in (1, 2):  # over the rows: where along x; over the columns: where along y
        seen = np.asarray(inside.any(axis=axis))
        length = seen.shape[1]
        first, last = seen.argmax(axis=1), length - seen[:, ::-1].argmax(axis=1)
        sides.append((first / length, (last - first) / length))
    (x, width), (y, height) = sides
    return np.stack([x, y, width, height], axis=1).astype(np.float32)
