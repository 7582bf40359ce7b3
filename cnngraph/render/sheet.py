"""Images in a grid, with captions and a title, as one picture: what filters, feature maps and mistakes look like.

Not for curves or boxes: `chart` and `dot` draw those.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unicodedata import combining, normalize

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cnngraph.diagnostics import error
from cnngraph.ir.op import Array

MARGIN = 10  # pixels, as all lengths here
GAP = 8
CAPTION, TITLE = 12, 16  # heights of the letters
WRAP = 150  # a caption is broken into lines of this width, or of its image's where that is wider
LARGEST = 100_000_000  # pixels of a sheet


@dataclass(frozen=True, eq=False)
class Tile:
    """An image (H, W), (H, W, 1) or (H, W, 3) of bytes, and what stands below it; "\\n" begins a line."""

    image: Array
    caption: str = ""

    def __post_init__(self) -> None:
        shape, kind = self.image.shape, self.image.dtype
        fits = len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))
        if kind != np.uint8 or not fits or not self.image.size:
            raise error("E0705", f"a tile is (H, W), (H, W, 1) or (H, W, 3) of uint8, not {shape} of {kind}")

    @property
    def colours(self) -> Array:
        """(H, W, 3)"""
        planes = self.image if self.image.ndim == 3 else self.image[..., None]
        return np.broadcast_to(planes, (*planes.shape[:2], 3))


@dataclass(frozen=True, eq=False)
class Sheet:
    """A finished picture (H, W, 3) of bytes."""

    image: Array

    def write(self, path: str | Path) -> None:
        """Write the file, and the folders that it needs; its ending says the format, such as .png. Raises E0603."""
        kind = format_of(path)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(self.image).save(path, kind)

    def png(self) -> bytes:
        """The bytes of a PNG file."""
        stream = io.BytesIO()
        Image.fromarray(self.image).save(stream, "PNG")
        return stream.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()


def format_of(path: str | Path) -> str:
    """What Pillow calls the format of a file. Raises E0603 for an ending that no picture can be written with."""
    kind = Image.registered_extensions().get(Path(path).suffix.lower())
    if kind is None or kind not in Image.SAVE:
        raise error("E0603", f"{path}: a picture cannot be written with this ending", "end it with .png")
    return kind


def sheet(
    tiles: Sequence[Tile], columns: int | None = None, scale: int = 1, title: str = "", smooth: bool = False
) -> Sheet:
    """The tiles row by row, `scale` times as large: each pixel a square, or blended with its neighbours if `smooth`.

    Without `columns` the grid is about as wide as it is high. Columns are as wide as what stands in them. Equal tiles
    give equal bytes. Raises E0705 without tiles, E0108 for numbers below 1 and for over 100 million pixels.

    >>> sheet([Tile(np.zeros((2, 3), np.uint8))] * 4, columns=2, scale=10).image.shape
    (68, 88, 3)
    """
    if not tiles:
        raise error("E0705", "a sheet without images has nothing to show")
    for name, value in (("columns", columns), ("scale", scale)):
        if value is not None and value < 1:
            raise error("E0108", f"`{name}` of a sheet is at least 1, not {value}")
    across = min(columns or _square(len(tiles)), len(tiles))
    cells = [_Cell.of(tile, scale, smooth) for tile in tiles]
    rows = [cells[i : i + across] for i in range(0, len(cells), across)]
    return Sheet(_drawn(rows, title))


def spread01(array: Array, largest: float | None = None, signed: bool | None = None) -> Array:
    """Any numbers as an image of bytes. Numbers of both signs: 0 is grey, -largest black, +largest white.

    Without negative numbers, or with `signed=False`: 0 and less is black, `largest` white. `largest` is the greatest
    magnitude of the array unless it is given, so that several images can share one. What is no number counts as 0.

    >>> spread01(np.array([-1.0, 0.0, 0.5])), spread01(np.array([0.0, 1.0, 2.0]))
    (array([  0, 128, 191], dtype=uint8), array([  0, 128, 255], dtype=uint8))
    """
    values = np.where(np.isfinite(array), array, 0.0).astype(np.float64)
    top = float(np.abs(values).max(initial=0.0)) if largest is None else largest
    unit = values / top if top > 0 else np.zeros_like(values)
    both = bool((values < 0).any()) if signed is None else signed
    shade = (unit + 1) / 2 if both else unit
    return np.floor(np.clip(shade, 0, 1) * 255 + 0.5).astype(np.uint8)


@dataclass(frozen=True)
class _Cell:
    """A tile at its final size, and the lines below it."""

    image: Image.Image
    lines: tuple[str, ...]

    @staticmethod
    def of(tile: Tile, scale: int, smooth: bool) -> _Cell:
        height, width, _ = tile.colours.shape
        if height * width * scale**2 > LARGEST:
            raise error("E0108", f"an image of {width * scale} x {height * scale} pixels is too large for a sheet")
        how = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
        image = Image.fromarray(np.ascontiguousarray(tile.colours)).resize((width * scale, height * scale), how)
        return _Cell(image, _lines(tile.caption, max(WRAP, width * scale), CAPTION))

    @property
    def width(self) -> int:
        return max(self.image.width, *(_length(line, CAPTION) for line in self.lines), 0)


def _drawn(rows: Sequence[Sequence[_Cell]], title: str) -> Array:
    """(H, W, 3): title, then rows; each image in the middle of its column, right above its caption."""
    widths = [max(row[i].width for row in rows if i < len(row)) for i in range(len(rows[0]))]
    width = sum(widths) + GAP * (len(widths) - 1)
    heading = _lines(title, max(width, WRAP), TITLE)
    width = max(width, *(_length(line, TITLE) for line in heading), 0) + 2 * MARGIN
    images = [max(cell.image.height for cell in row) for row in rows]
    texts = [max(len(cell.lines) for cell in row) * _line(CAPTION) for row in rows]
    top = MARGIN + (len(heading) * _line(TITLE) + GAP // 2 if heading else 0)
    height = top + sum(images) + sum(texts) + GAP * (len(rows) - 1) + MARGIN
    if height * width > LARGEST:
        raise error("E0108", f"a sheet of {width} x {height} pixels is too large", "show fewer images, or smaller ones")
    canvas = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(canvas)
    _write(draw, heading, MARGIN, MARGIN, TITLE)
    y = top
    for row, image_height, text_height in zip(rows, images, texts, strict=True):
        x = MARGIN
        for cell, cell_width in zip(row, widths, strict=False):
            canvas.paste(cell.image, (x + (cell_width - cell.image.width) // 2, y + image_height - cell.image.height))
            _write(draw, cell.lines, x, y + image_height, CAPTION, cell_width)
            x += cell_width + GAP
        y += image_height + text_height + GAP
    return np.asarray(canvas)


def _write(
    draw: ImageDraw.ImageDraw, lines: Sequence[str], x: int, y: int, size: int, width: int | None = None
) -> None:
    """Lines below each other from (x, y); in the middle of `width` where it is given."""
    for i, line in enumerate(lines):
        start = x if width is None else x + (width - _length(line, size)) // 2
        draw.text((start, y + i * _line(size) + 2), line, fill="black", font=_font(size))


def _lines(text: str, width: int, size: int) -> tuple[str, ...]:
    """The text broken between words, so that lines are no wider than `width`; a longer word is broken inside."""
    found: list[str] = []
    for paragraph in _ascii(text).split("\n") if text else ():
        line = ""
        for word in paragraph.split(" "):
            joined = f"{line} {word}" if line else word
            if _length(joined, size) <= width:
                line = joined
                continue
            found += [line] if line else []
            while _length(word, size) > width and len(word) > 1:
                cut = next((n for n in range(len(word), 1, -1) if _length(word[:n], size) <= width), 1)
                found, word = [*found, word[:cut]], word[cut:]
            line = word
        found.append(line)
    return tuple(found)


def _ascii(text: str) -> str:
    """Accents are left out, and what Pillow's letters lack is a question mark.

    >>> _ascii("déjà ≥")
    'deja ?'
    """
    plain = "".join(letter for letter in normalize("NFKD", text) if not combining(letter))
    return plain.encode("ascii", "replace").decode()


def _length(text: str, size: int) -> int:
    return int(np.ceil(_font(size).getlength(text)))


def _line(size: int) -> int:
    return size + 4


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own letters: the same on each machine."""
    return ImageFont.load_default(size)


def _square(count: int) -> int:
    return int(np.ceil(np.sqrt(count)))
