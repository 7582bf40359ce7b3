"""Numbers laid over an image as colours, and frames around a part of it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from cnngraph.ir.op import Array

PLUS, MINUS = (213, 94, 0), (0, 114, 178)  # vermilion and blue: told apart by the colour-blind
FAINT, BRIGHT = np.array([230, 60, 0.0]), np.array([255, 245, 120.0])  # small and large numbers of one sign
UNDER = 0.55  # of its brightness keeps an image below colours
FRAME = (0, 158, 115)


def glowing(image: Array, values: Array, signed: bool | None = None, largest: float | None = None) -> Array:
    """The image (H, W, 1 or 3) of bytes, darker and grey, with `values` (H, W) as light: (H, W, 3) bytes.

    Numbers of one sign go from red to yellow. Of both signs, or with `signed`, those above 0 are red, those below blue.
    `largest` has the full colour; it is the greatest magnitude unless it is given.

    >>> glowing(np.zeros((1, 3, 1), np.uint8), np.array([[-1.0, 0.0, 1.0]])).tolist()
    [[[0, 114, 178], [0, 0, 0], [213, 94, 0]]]
    """
    top = float(np.abs(values).max(initial=0.0)) if largest is None else largest
    unit = np.clip(values / top if top > 0 else np.zeros(values.shape), -1, 1)[..., None]
    under = image.mean(axis=-1, keepdims=True) * UNDER
    if signed is None:
        signed = bool((values < 0).any())
    colour = np.where(unit > 0, PLUS, MINUS) if signed else FAINT + (BRIGHT - FAINT) * np.abs(unit)
    mixed = under * (1 - np.abs(unit)) + colour * np.abs(unit)
    return np.floor(np.broadcast_to(mixed, (*values.shape, 3)) + 0.5).astype(np.uint8)


def stretched(values: Array, height: int, width: int) -> Array:
    """Numbers (h, w) at each place of a larger image, bilinear."""
    plane = Image.fromarray(values.astype(np.float32))
    return np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR))


def framed(image: Array, box: tuple[tuple[int, int], tuple[int, int]], scale: int) -> Array:
    """The image (H, W, 1 or 3), `scale` times as large, with a frame of 2 pixels around rows and columns of `box`."""
    (top, bottom), (left, right) = box
    large = np.broadcast_to(image, (*image.shape[:2], 3)).repeat(scale, 0).repeat(scale, 1)
    rows, columns = slice(top * scale, bottom * scale), slice(left * scale, right * scale)
    inner = large[rows, columns].copy()
    inner[:2] = inner[-2:] = inner[:, :2] = inner[:, -2:] = FRAME
    large[rows, columns] = inner
    return large
