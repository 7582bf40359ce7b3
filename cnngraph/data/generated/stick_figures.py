"""A person of eleven joints, drawn as strokes in front of other strokes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.data.generated.drawn import Columns, Drawn
from cnngraph.data.generated.ink import covered, disc, each, grain, pixels, stroke
from cnngraph.ir.op import Array

JOINTS = (
    "head", "neck", "hip", "left elbow", "left hand", "right elbow", "right hand", "left knee", "left foot",
    "right knee", "right foot",
)  # fmt: skip
# From joint, to joint, mean angle and spread in degrees (0 is down, 90 to the left), length by that of the person.
BONES = (
    (2, 1, 180, 15, 0.28),
    (1, 0, 180, 20, 0.14),
    (1, 3, 50, 55, 0.17),
    (3, 4, 40, 75, 0.16),
    (1, 5, -50, 55, 0.17),
    (5, 6, -40, 75, 0.16),
    (2, 7, 20, 30, 0.20),
    (7, 8, 0, 35, 0.20),
    (2, 9, -20, 30, 0.20),
    (9, 10, 0, 35, 0.20),
)
LEFT = (3, 4, 7, 8)  # these limbs lie behind, and are darker


@dataclass(frozen=True)
class StickFigures(Drawn):
    """Where are the joints of a person? Each bone has a length and an angle of its own, the person any place and
    size; the left limbs are darker than the right ones, which tells them apart. Strokes that are nobody's, a ground
    that gets lighter to one side, and noise.

           o        target = (x, y) of head, neck, hip, left elbow, ..., each from -1 (left, top)
         --+--               to 1 (right, bottom)
        |  |  |
          / |

    columns: image (N, size, size, 1); target (N, 22).
    """

    size: int = 64

    name: ClassVar[str] = "stick_figures"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 32 <= self.size <= 512:
            raise ValueError(f"size is from 32 to 512 pixels, not {self.size}")

    def draw(self, numbers: np.random.Generator, count: int) -> Columns:
        joints = self.poses(numbers, count)  # (N, 11, 2) in pixels
        x, y = pixels(self.size, self.size)
        slope = numbers.uniform(-0.25, 0.25, (2, count))
        picture = 0.2 + each(slope[0]) * (x / self.size - 0.5) + each(slope[1]) * (y / self.size - 0.5)
        for start, end in numbers.uniform(0, self.size, (4, 2, 2, count)):
            self.line(picture, start, start + (end - start) * 0.35, numbers.uniform(0.3, 0.9, count))
        order = sorted(BONES, key=lambda bone: bone[1] not in LEFT)
        for first, last, *_ in order:
            self.line(picture, joints[:, first].T, joints[:, last].T, np.full(count, 0.55 if last in LEFT else 0.95))
        head = covered(disc((x, y), (each(joints[:, 0, 0]), each(joints[:, 0, 1])), self.size * 0.05))
        picture += head * (0.95 - picture)
        picture += grain(numbers, picture.shape, 0.08)
        image = np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)[..., None]
        return {"image": image, "target": (joints / (self.size / 2) - 1).reshape(count, -1).astype(np.float32)}

    def poses(self, numbers: np.random.Generator, count: int) -> Array:
        """The joints (N, 11, 2) in pixels, all of them in the picture."""
        joints = np.zeros((count, len(JOINTS), 2))
        tall = numbers.uniform(0.65, 0.95, (count, 1)) * self.size
        for first, last, mean, spread, length in BONES:
            angle = np.radians(mean + numbers.uniform(-spread, spread, count))
            way = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
            joints[:, last] = joints[:, first] + tall * length * numbers.uniform(0.85, 1.15, (count, 1)) * way
        low, high = joints.min(axis=1), joints.max(axis=1)  # (N, 2)
        edge = self.size * 0.06
        shrunk = np.minimum(1, (self.size - 2 * edge) / (high - low).max(axis=1))[:, None]
        free = self.size - 2 * edge - shrunk * (high - low)
        corner = edge + numbers.random((count, 2)) * free
        placed: Array = corner[:, None] + shrunk[:, None] * (joints - low[:, None])
        return placed

    def line(self, picture: Array, start: Array, end: Array, grey: Array) -> None:
        """Draw a line into each picture, from `start` to `end`, (2, N) in pixels."""
        ends = ((each(start[0]), each(start[1])), (each(end[0]), each(end[1])))
        picture += covered(stroke(pixels(self.size, self.size), *ends, self.size * 0.018)) * (each(grey) - picture)
