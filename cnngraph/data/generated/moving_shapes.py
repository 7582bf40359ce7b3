"""Films of a moving triangle: only the order of the frames says what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Columns, Drawn
from cnngraph.data.generated.ink import ORIGIN, covered, grain, pixels, triangle, turned_about

WAYS = np.array([[-1, 0], [1, 0], [0, -1], [0, 1], [0, 0], [0, 0]], np.float32)  # x to the right, y down
TURNS = np.array([0, 0, 0, 0, -1, 1], np.float32)


@dataclass(frozen=True)
class MovingShapes(Drawn):
    """A triangle goes left, right, up or down, or turns to the left or to the right; what leaves the film on one side
    comes back on the other, so that each single frame looks alike in all six kinds.

        right:  |>    |  |  >  |  |    >|  |>    |

    Size, place, angle, speed and brightness are drawn; what goes also turns a little, what turns also drifts a little;
    there is noise in each frame, and one ground for all.

    columns: film (N, frames, size, size, 1); label (N,).
    """

    frames: int = 8
    size: int = 20
    noise: float = 0.3

    name: ClassVar[str] = "moving_shapes"
    class_names: ClassVar[tuple[str, ...]] = ("left", "right", "up", "down", "turns left", "turns right")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (2 <= self.frames <= 64 and 12 <= self.size <= 128):
            raise ValueError(f"frames are from 2 to 64, size from 12 to 128, not {self.frames} and {self.size}")

    def draw(self, numbers: np.random.Generator, count: int) -> Columns:
        label = numbers.integers(0, len(WAYS), count)
        time = np.arange(self.frames, dtype=np.float32)[None, :, None]
        speed = numbers.uniform(1, 2.5, (count, 1, 1))
        drift = numbers.uniform(-0.2, 0.2, (count, 1, 2))
        start = numbers.uniform(0, self.size, (count, 1, 2))
        place = (start + time * (speed * WAYS[label][:, None] + drift)).astype(np.float32)  # (N, F, 2)
        turn = np.radians(numbers.uniform(12, 30, count)) * TURNS[label] + np.radians(numbers.uniform(-2, 2, count))
        angle = (numbers.uniform(0, 2 * np.pi, count)[:, None] + time[..., 0] * turn[:, None]).astype(np.float32)
        x, y = pixels(self.size, self.size)
        half = np.float32(self.size / 2)
        near = tuple((at - place[..., axis, None, None] + half) % self.size - half for axis, at in enumerate((x, y)))
        at = turned_about((near[0], near[1]), ORIGIN, angle[..., None, None])
        large = numbers.uniform(0.22, 0.32, (count, 1, 1, 1)).astype(np.float32) * self.size
        bright = numbers.uniform(0.6, 1.2, (count, 1, 1, 1)).astype(np.float32)
        film = bright * covered(triangle(at, large)) + grain(numbers, (count, 1, self.size, self.size), 0.15)
        film += grain(numbers, film.shape, self.noise)
        return {"film": film[..., None], "label": label}
