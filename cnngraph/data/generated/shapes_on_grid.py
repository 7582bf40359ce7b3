"""Pictures with one to four shapes, told to a detector that asks each cell of 8x8 pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Columns, Drawn
from cnngraph.data.generated.ink import (
    ORIGIN,
    chosen,
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

CELL = 8
MOST = 4
TRIANGLE = 2
LEAST_DISTANCE = 0.8  # of two shapes, by the sum of their sizes: what overlaps more is left away


@dataclass(frozen=True)
class ShapesOnGrid(Drawn):
    """Discs, squares and triangles of 5 to 10 pixels around a middle, in any colour on a ground of any colour, with
    noise. A cell holds what has its middle in it:

        +---+---+---+
        |   | . |   |      there = 1 in the cell of the middle, else 0
        +---+-o-+---+      target = (left, top, right, bottom): how far the sides are from the middle
        |   |   |   |               of the cell, in cells
        +---+---+---+      kind = disc, square or triangle

    Where a shape covers the middle of a cell, `kind` and `target` are told too, though only its own cell counts as
    `there`: so what a detector says of a shape does not depend on which cell it hits. Elsewhere they are 0.

    columns: image (N, size, size, 3); there (N, size/8, size/8, 1); kind (N, size/8, size/8);
             target (N, size/8, size/8, 4).
    """

    size: int = 64

    name: ClassVar[str] = "shapes_on_grid"
    class_names: ClassVar[tuple[str, ...]] = ("disc", "square", "triangle")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 32 <= self.size <= 512 or self.size % CELL:
            raise ValueError(f"size is a multiple of {CELL} from 32 to 512 pixels, not {self.size}")

    def draw(self, numbers: np.random.Generator, count: int) -> Columns:
        ground = numbers.random((count, 1, 1, 3), np.float32)
        picture = np.broadcast_to(ground, (count, self.size, self.size, 3))
        drawn = _Told(count, self.size // CELL)
        for kind, x, y, half, seen in self.shapes(numbers, count):
            column, row = pixels(self.size, self.size)
            at, size = (column - each(x), row - each(y)), each(half)
            distance = chosen(kind, [disc(at, ORIGIN, size), rectangle(at, size, size), triangle(at, size)])
            picture = painted(picture, covered(distance) * each(seen), _another(ground, numbers))
            drawn.tell(kind, x, y, half, seen)
        picture = picture + grain(numbers, picture.shape, 0.08)
        image = np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)
        return {"image": image, "there": drawn.there, "kind": drawn.kind, "target": drawn.target}

    def shapes(self, numbers: np.random.Generator, count: int) -> list[tuple[Array, Array, Array, Array, Array]]:
        """(kind, x, y, half the size, whether it is seen), each (N,), for up to four shapes that hardly overlap."""
        found: list[tuple[Array, Array, Array, Array, Array]] = []
        wanted = numbers.integers(1, MOST + 1, count)
        for number in range(MOST):
            half = numbers.uniform(5, 10, count)
            x, y = numbers.uniform(half, self.size - half, (2, count))
            seen = number < wanted
            for _, x0, y0, half0, seen0 in found:
                apart = np.maximum(np.abs(x - x0), np.abs(y - y0)) > LEAST_DISTANCE * (half + half0)
                seen &= apart | ~seen0
            found.append((numbers.integers(0, 3, count), x, y, half, seen))
        return found


class _Told:
    """What the cells of N pictures are told, filled shape by shape."""

    def __init__(self, count: int, cells: int) -> None:
        self.there = np.zeros((count, cells, cells, 1), np.float32)
        self.kind = np.zeros((count, cells, cells), np.int64)
        self.target = np.zeros((count, cells, cells, 4), np.float32)
        self.row, self.column = np.mgrid[:cells, :cells] + 0.5

    def tell(self, kind: Array, x: Array, y: Array, half: Array, seen: Array) -> None:
        """A shape of each picture, where it is seen. A triangle is narrower and lower than the others (`triangle`)."""
        low = np.where(kind == TRIANGLE, 0.6 * half, half)
        sides = [_cells(each(side)) for side in (x - low, y - half, x + low, y + low)]
        distances = [self.column - sides[0], self.row - sides[1], sides[2] - self.column, sides[3] - self.row]
        middle = (np.abs(self.column - _cells(each(x))) <= 0.5) & (np.abs(self.row - _cells(each(y))) <= 0.5)
        covers = ((np.minimum.reduce(distances) > 0) | middle) & seen[:, None, None]
        self.there[middle & seen[:, None, None]] = 1
        self.kind[covers] = np.broadcast_to(kind[:, None, None], covers.shape)[covers]
        self.target[covers] = np.stack(distances, axis=-1)[covers]


def _cells(length: Array) -> Array:
    return length / CELL


def _another(ground: Array, numbers: np.random.Generator) -> Array:
    """A colour (N, 1, 1, 3) that differs from that of the ground by 0.3 or more in each of its parts."""
    return (ground + numbers.uniform(0.3, 0.7, ground.shape).astype(np.float32)) % 1
