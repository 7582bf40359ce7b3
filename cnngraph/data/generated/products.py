"""Things to sell, each seen from two sides, and one that is another: what an embedding learns to tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.dataset import Part
from cnngraph.data.generated.drawn import DRAWN, Drawn
from cnngraph.data.generated.ink import covered, each, grain, painted, pixels, turned_about
from cnngraph.ir.op import Array, rng

WAVES = np.arange(2, 6)  # how often the outline of a product swings in and out, around it
NUMBERS = 2 * len(WAVES) + 6  # of a product: its outline, its two colours


@dataclass(frozen=True)
class Products(Drawn):
    """A product is an outline, a colour and the colour of its heart. It is seen turned by any angle, smaller or
    larger, moved, on any ground, in any light, with noise. There are `kinds` of them to learn from; those to test with
    are others, each in one row: which of all `positive` is the product of `anchor`?

        anchor  positive  negative         half of the negatives have the colours of the anchor,
         <@>      {@}       (o)            and only another outline

    columns: anchor, positive, negative (N, size, size, 3) from 0 to 1; product (N,), its number.
    """

    kinds: int = 4000
    size: int = 32

    name: ClassVar[str] = "products"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (2 <= self.kinds <= 1_000_000 and 24 <= self.size <= 512):
            raise ValueError(f"kinds are 2 or more and size is from 24 to 512, not {self.kinds} and {self.size}")
        if self.tests < 2:  # each is shown beside another product
            raise ValueError(f"tests is at least 2, not {self.tests}")

    def part(self, seed: int, key: int, count: int) -> Part:
        numbers = rng(seed, key, DRAWN)
        learned_from = key == 0
        goods = numbers.random((self.kinds if learned_from else count, NUMBERS))
        product = numbers.integers(0, len(goods), count) if learned_from else np.arange(count)
        return Part({**self.views(numbers, goods, product), "product": product})

    def views(self, numbers: np.random.Generator, goods: Array, product: Array) -> Mapping[str, Array]:
        """Triplets of these products."""
        count = len(product)
        other = goods[(product + numbers.integers(1, len(goods), count)) % len(goods)]
        alike = numbers.random((count, 1)) < 0.5
        colours = np.arange(NUMBERS) >= 2 * len(WAVES)
        negative = np.where(alike & colours, goods[product], other)
        return {
            name: self.seen(numbers, shown)
            for name, shown in (("anchor", goods[product]), ("positive", goods[product]), ("negative", negative))
        }

    def seen(self, numbers: np.random.Generator, goods: Array) -> Array:
        """A picture of each product (N, NUMBERS), as a customer may take it."""
        count, size = len(goods), self.size
        x, y = size / 2 + numbers.uniform(-2.5, 2.5, (2, count))
        at = turned_about(pixels(size, size), (each(x), each(y)), each(numbers.uniform(0, 2 * np.pi, count)))
        around, far = np.arctan2(at[1], at[0]), np.hypot(*at)
        waves = len(WAVES)
        swing = np.zeros_like(around)
        for number, wave in enumerate(WAVES):
            depth, phase = 0.32 * goods[:, number] ** 2, 2 * np.pi * goods[:, waves + number]
            swing += each(depth) * np.cos(wave * around + each(phase))
        radius = each(numbers.uniform(0.25, 0.33, count) * size) * (1 + swing)
        picture = np.broadcast_to(numbers.random((count, 1, 1, 3), np.float32) * 0.5, (count, size, size, 3))
        body, heart = (goods[:, None, None, -6 + 3 * part :][..., :3].astype(np.float32) for part in (0, 1))
        picture = painted(picture, covered(far - radius), 0.25 + 0.75 * body)
        picture = painted(picture, covered(far - 0.45 * radius), 0.25 + 0.75 * heart)
        picture = picture * numbers.uniform(0.7, 1.2, (count, 1, 1, 1)).astype(np.float32)
        return np.asarray(np.clip(picture + grain(numbers, picture.shape, 0.07), 0, 1))
