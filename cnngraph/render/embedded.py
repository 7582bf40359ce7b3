"""A small picture as an address that holds it, for a page that loads nothing."""

from __future__ import annotations

import io
from base64 import b64encode

import numpy as np
from PIL import Image

from cnngraph.ir.op import Array

QUALITIES = (82, 60, 40, 20)  # of a JPEG file: the best whose file is small enough
PLAIN_BYTES = 3000  # a PNG file of more is compared with a JPEG file


def embedded(image: Array, side: int | None = None, wanted_bytes: int = 150_000) -> str:
    """Bytes (H, W), (H, W, 1) or (H, W, 3) as `data:image/...`: no sides longer than `side`, a PNG file where that is
    small or exact colours are cheap, else a JPEG file of about `wanted_bytes` at most.

    >>> embedded(np.zeros((2, 2), np.uint8))[:22]
    'data:image/png;base64,'
    """
    picture = Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2:] == (1,) else image))
    if side is not None and max(picture.size) > side:
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    kind, content = "png", _file(picture, "PNG", optimize=True)
    if len(content) > PLAIN_BYTES:
        other = _photograph(picture, wanted_bytes)
        kind, content = ("jpeg", other) if len(other) < len(content) / 2 else (kind, content)
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def _photograph(picture: Image.Image, wanted_bytes: int) -> bytes:
    for quality in QUALITIES:
        content = _file(picture, "JPEG", quality=quality)
        if len(content) <= wanted_bytes:
            break
    return content


def _file(picture: Image.Image, kind: str, **options: int) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()
