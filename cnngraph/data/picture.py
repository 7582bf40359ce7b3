"""Single pictures as arrays (H, W, C) of bytes: read, resized, turned. The only file that imports Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from cnngraph.diagnostics import error
from cnngraph.ir.op import Array

MODES = {1: "L", 3: "RGB"}


def read_picture(path: Path, height: int, width: int, channels: int) -> Array:
    """A picture file of any size as (height, width, channels), uint8; transparent parts lie on black. Raises E0701."""
    if channels not in MODES:
        raise error("E0701", f"a picture has 1 (grey) or 3 (red, green, blue) channels, not {channels}")
    try:
        with Image.open(path) as file:
            image = _on_black(file) if file.has_transparency_data else file
            plain = image.convert(MODES[channels]).resize((width, height), Image.Resampling.BILINEAR)
    except UnidentifiedImageError as problem:
        raise error("E0701", f"{path}: this is not a picture that can be read", "give a PNG or JPEG file") from problem
    except FileNotFoundError as problem:
        raise error("E0701", f"{path}: there is no such picture") from problem
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise error("E0701", f"{path}: the picture cannot be read: {problem}") from problem
    return np.asarray(plain).reshape(height, width, channels)


def resized(image: Array, height: int, width: int) -> Array:
    """(H, W, C) to (height, width, C), bilinear."""
    planes = [_plane(image, c).resize((width, height), Image.Resampling.BILINEAR) for c in range(image.shape[2])]
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


def turned(image: Array, degrees: float) -> Array:
    """(H, W, C) turned about its centre against the clock, bilinear, black where nothing was."""
    planes = [_plane(image, c).rotate(degrees, Image.Resampling.BILINEAR) for c in range(image.shape[2])]
    return np.stack([np.asarray(plane) for plane in planes], axis=2)


def _on_black(image: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, "black"), image.convert("RGBA"))


def _plane(image: Array, channel: int) -> Image.Image:
    return Image.fromarray(image[..., channel])
