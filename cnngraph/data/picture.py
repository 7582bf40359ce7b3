"""Single pictures as arrays (H, W, C) of bytes: read and resized. Pillow does it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cnngraph.diagnostics import error
from cnngraph.ir.op import Array

MAX_PIXELS = 2**26  # a file of a few bytes may say that it has more than memory holds
MODES = {1: "L", 3: "RGB"}
UNREADABLE = (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error)  # of Pillow, for damaged files


def read_picture(path: Path, height: int, width: int, channels: int) -> Array:
    """A picture file of any size as (height, width, channels), uint8; transparent parts lie on black. Raises E0701."""
    return resized(open_picture(path, channels, enough=2 * max(height, width)), height, width)


def open_picture(path: Path, channels: int, enough: int | None = None) -> Array:
    """A picture file in its own size, upright: (H, W, channels), uint8. A JPEG file may be decoded at a half, a quarter
    or an eighth of its size, in less time, as long as its sides have `enough` pixels. Raises E0701.
    """
    if channels not in MODES:
        raise error("E0701", f"a picture has 1 (grey) or 3 (red, green, blue) channels, not {channels}")
    with _opened(path) as file:
        if enough is not None:
            file.draft(None, (enough, enough))
        return array_of(file, channels)


def array_of(image: Image.Image, channels: int) -> Array:
    """A picture of Pillow in its own size, upright: (H, W, channels), uint8. Raises ValueError for a huge one."""
    if image.width * image.height > MAX_PIXELS:  # before it is decoded
        raise ValueError(f"it has {image.width * image.height:,} pixels; {MAX_PIXELS:,} can be read")
    upright = ImageOps.exif_transpose(image)  # as cameras say how they were held
    plain = np.asarray(_in_bytes(upright).convert(MODES[channels]))
    return plain.reshape(*plain.shape[:2], channels)


def check_picture(path: Path) -> None:
    """Raises E0701 where a file does not begin as a picture does."""
    with _opened(path):
        pass


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The picture of a file while it is read. Raises E0701."""
    if not path.is_file():  # not even a pipe, which would wait for somebody to write
        raise error("E0701", f"{path}: there is no such picture")
    try:
        with Image.open(path) as file:
            yield file
    except UnidentifiedImageError as problem:
        raise error("E0701", f"{path}: this is not a picture that can be read", "give a PNG or JPEG file") from problem
    except (*UNREADABLE, Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise error("E0701", f"{path}: the picture cannot be read: {problem}") from problem


def resized(image: Array, height: int, width: int) -> Array:
    """(H, W, C) to (height, width, C), bilinear."""
    planes = [_plane(image, c).resize((width, height), Image.Resampling.BILINEAR) for c in range(image.shape[2])]
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


def _in_bytes(image: Image.Image) -> Image.Image:
    """Without transparency, and in bytes: of 16 bits for each pixel the upper eight count."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.clip(np.asarray(image), 0, 2**16 - 1) >> 8).astype(np.uint8))
    return _on_black(image) if image.has_transparency_data else image


def _on_black(image: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, "black"), image.convert("RGBA"))


def _plane(image: Array, channel: int) -> Image.Image:
    return Image.fromarray(image[..., channel])
