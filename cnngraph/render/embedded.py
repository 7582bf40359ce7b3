"""A small picture as an address that holds it, for a page that loads nothing."""

from __future__ import annotations

import io
from base64 import b64encode

import numpy as np
from PIL import Image

from cnngraph.ir.op import Array

QUALITY = 82  # of a JPEG file
PLAIN_BYTES = 3000  # a PNG file of more is compared with a JPEG file


def embedded(image: Array, side: int | None = None) -> str:
    """Bytes (H, W), (H, W, 1) or (H, W, 3) as `data:image/...`: no sides longer than `side`, a PNG file where that is
    small or exact colours are cheap, else a JPEG file.

    >>> embedded(np.zeros((2, 2), np.uint8))[:22]
    'data:image/png;base64,'
    """
    picture = Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2:] == (1,) else image))
    if side is not None and max(picture.size) > side:
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    kind, content = "png", _file(picture, "PNG", optimize=True)
    if len(content) > PLAIN_BYTES:
        other = _file(picture, "JPEG", quality=QUALITY)
        kind, content = ("jpeg", other) if len(other) < len(content) / 2 else (kind, content)
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def _file(picture: Image.Image, kind: str, **options: int) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()
