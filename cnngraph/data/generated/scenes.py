"""Small landscapes whose every pixel has a class: sky, ground, house, tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Columns, Drawn
from cnngraph.data.generated.ink import (
    ORIGIN,
    Places,
    covered,
    disc,
    each,
    grain,
    painted,
    pixels,
    rectangle,
    triangle,
)
from cnngraph.ir.op import Array

SKY, GROUND, HOUSE, TREE = range(4)
COLOURS = np.array([[0.45, 0.6, 0.8], [0.4, 0.55, 0.3], [0.6, 0.5, 0.4], [0.35, 0.55, 0.3]], np.float32)
TONES = 0.14  # how far a thing's colour may be from that of its class, in each of red, green, blue


@dataclass(frozen=True)
class Scenes(Drawn):
    """A hill under a sky, a house with a roof, and two trees, at any place. A tree has the colours of the ground and
    the light of the day changes all colours, so that a pixel by itself says little; noise on top.

        sky sky sky sky sky sky
        sky  /\\  sky sky (tree)      kind = 0 sky, 1 ground, 2 house (its roof too), 3 tree (its trunk too)
        sky |  | sky sky   |
        ground ground ground ground

    columns: image (N, size, size, 3); kind (N, size, size).
    """

    size: int = 48

    name: ClassVar[str] = "scenes"
    class_names: ClassVar[tuple[str, ...]] = ("sky", "ground", "house", "tree")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 32 <= self.size <= 512:
            raise ValueError(f"size is from 32 to 512 pixels, not {self.size}")

    def draw(self, numbers: np.random.Generator, count: int) -> Columns:
        x, y = pixels(self.size, self.size)
        canvas = _Canvas(numbers, count, self.size)
        height = numbers.uniform(0.5, 0.75, count) * self.size
        wave = numbers.uniform(0.02, 0.08, count) * self.size
        hill = each(height) + each(wave) * np.sin(x / self.size * 5 + each(numbers.uniform(0, 6.3, count)))
        canvas.lay(hill - y, GROUND)
        self.house(canvas, numbers, height)
        for _ in range(2):
            self.tree(canvas, numbers, height)
        light = numbers.uniform(0.6, 1.15, (count, 1, 1, 3)).astype(np.float32)
        picture = canvas.picture * light
        picture += grain(numbers, picture.shape, 0.07)
        image = np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)
        return {"image": image, "kind": canvas.kind}

    def house(self, canvas: _Canvas, numbers: np.random.Generator, hill: Array) -> None:
        half_width = numbers.uniform(0.1, 0.18, len(hill)) * self.size
        half_height = numbers.uniform(0.07, 0.12, len(hill)) * self.size
        centre = numbers.uniform(0.15, 0.85, len(hill)) * self.size
        foot = hill + numbers.uniform(0.02, 0.2, len(hill)) * self.size
        canvas.lay(rectangle(canvas.about(centre, foot - half_height), each(half_width), each(half_height)), HOUSE)
        roof = canvas.about(centre, foot - 2 * half_height - 0.6 * half_width)
        canvas.lay(triangle((roof[0] * 0.6, roof[1]), each(half_width)), HOUSE)

    def tree(self, canvas: _Canvas, numbers: np.random.Generator, hill: Array) -> None:
        large = numbers.uniform(0.08, 0.14, len(hill)) * self.size
        centre = numbers.uniform(0.05, 0.95, len(hill)) * self.size
        foot = hill + numbers.uniform(0.05, 0.25, len(hill)) * self.size
        trunk = canvas.about(centre, foot - large)
        canvas.lay(rectangle(trunk, each(0.2 * large), each(large)), TREE)
        canvas.lay(disc(canvas.about(centre, foot - 2.4 * large), ORIGIN, each(large)), TREE)


class _Canvas:
    """Pictures (N, H, W, 3) and the class of each pixel; each thing that is laid on hides what was there."""

    def __init__(self, numbers: np.random.Generator, count: int, size: int) -> None:
        self.numbers, self.at = numbers, pixels(size, size)
        self.kind = np.full((count, size, size), SKY, np.int64)
        self.picture = np.broadcast_to(self.colour(SKY), (count, size, size, 3))

    def about(self, x: Array, y: Array) -> Places:
        """All pixels as seen from a place (N,) of each picture."""
        return self.at[0] - each(x), self.at[1] - each(y)

    def colour(self, kind: int) -> Array:
        tones = self.numbers.uniform(-TONES, TONES, (len(self.kind), 1, 1, 3))
        return np.asarray(COLOURS[kind] + tones.astype(np.float32))

    def lay(self, distance: Array, kind: int) -> None:
        cover = covered(distance)
        self.picture = painted(self.picture, cover, self.colour(kind))
        self.kind[cover > 0.5] = kind
