"""Boxes, dots and lines drawn upon an image, enlarged so that they can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from cnngraph.ir.op import Array

Colour: TypeAlias = tuple[int, int, int]
RADIUS = 3  # of a dot, in pixels of the enlarged image


@dataclass(frozen=True)
class Box:
    """The sides of a box as parts of the image, and what stands in its left upper corner."""

    left: float
    top: float
    right: float
    bottom: float
    colour: Colour
    text: str = ""

    @staticmethod
    def of(sides: Array, colour: Colour, text: str = "") -> Box:
        """The box of four numbers: left, top, right, bottom."""
        left, top, right, bottom = map(float, sides)
        return Box(left, top, right, bottom, colour, text)

    def draw(self, upon: ImageDraw.ImageDraw, width: int, height: int) -> None:
        left, top = self.left * width, self.top * height
        right, bottom = max(self.right * width - 1, left), max(self.bottom * height - 1, top)  # no box is inside out
        upon.rectangle((left, top, right, bottom), outline=self.colour)
        if self.text:
            upon.rectangle(upon.textbbox((left + 2, top), self.text), fill=self.colour)
            upon.text((left + 2, top), self.text, fill=(0, 0, 0))


@dataclass(frozen=True)
class Dot:
    """A dot, at parts of the image."""

    x: float
    y: float
    colour: Colour

    def draw(self, upon: ImageDraw.ImageDraw, width: int, height: int) -> None:
        x, y = self.x * width, self.y * height
        upon.ellipse((x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS), outline=self.colour)


@dataclass(frozen=True)
class Way:
    """A line from one place to another, as parts of the image."""

    start: tuple[float, float]
    end: tuple[float, float]
    colour: Colour

    def draw(self, upon: ImageDraw.ImageDraw, width: int, height: int) -> None:
        upon.line([(x * width, y * height) for x, y in (self.start, self.end)], fill=self.colour)


Mark: TypeAlias = Box | Dot | Way


def marked(image: Array, marks: Sequence[Mark], scale: int = 1) -> Array:
    """An image (H, W), (H, W, 1) or (H, W, 3) of bytes, `scale` times as large, with marks upon it, in three colours.

    >>> marked(np.zeros((2, 2), np.uint8), [Box(0, 0, 1, 1, (9, 8, 7))], scale=2)[..., 0]
    array([[9, 9, 9, 9],
           [9, 0, 0, 9],
           [9, 0, 0, 9],
           [9, 9, 9, 9]], dtype=uint8)
    """
    plane = image.reshape(*image.shape[:2], -1)
    colours = np.broadcast_to(plane, (*plane.shape[:2], 3)) if plane.shape[2] == 1 else plane
    large = np.ascontiguousarray(colours.repeat(scale, axis=0).repeat(scale, axis=1))
    picture = Image.fromarray(large)
    upon = ImageDraw.Draw(picture)
    for mark in marks:
        mark.draw(upon, picture.width, picture.height)
    return np.asarray(picture)
