"""A PDF file of one page: lines, fills and words, with the fonts that every reader has (ISO 32000-1, 9.6.2.2).

    pen = Pen()
    pen.shape([("move", ((0, 0),)), ("line", ((40, 0),)), ("line", ((40, 20),))], fill="#56B4E9")
    pen.words("conv 6, 5x5", (4, 6), 9)
    document(pen, (40, 20), "a triangle")

Lengths are in points, upwards is positive. The same drawing gives the same bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from cnngraph.diagnostics import error

Point = tuple[float, float]
Piece = tuple[Literal["move", "line", "curve"], tuple[Point, ...]]  # a curve has two handles and an end

FONTS = ("Helvetica", "Helvetica-Bold", "Times-Roman", "Times-Bold")
SIGNS = {"move": "m", "line": "l", "curve": "c"}
ROUND = 0.5522847498  # handles of a quarter of a circle
LOOKALIKES = {"∖": "\\", "−": "-", "→": "->"}  # of signs that these fonts lack


class Stroke(NamedTuple):
    """A line: its colour (None: none), its width, and how long its dashes and the gaps between them are."""

    colour: str | None
    width: float = 1.0
    dashes: tuple[float, ...] = ()


NO_STROKE = Stroke(None)


@dataclass
class Pen:
    """Collects what is drawn, in the order in which it is drawn."""

    steps: list[str] = field(default_factory=list)

    def shape(self, pieces: Iterable[Piece], fill: str | None = None, line: Stroke = NO_STROKE) -> None:
        """A way of lines and curves; one that is filled is closed."""
        way = [f"{' '.join(map(_place, points))} {SIGNS[kind]}" for kind, points in pieces]
        if not way or not (fill or line.colour):
            return
        paint = {(True, True): "b", (True, False): "f", (False, True): "S"}[bool(fill), bool(line.colour)]
        colours = [f"{_colour(colour)} {sign}" for colour, sign in ((fill, "rg"), (line.colour, "RG")) if colour]
        dashed = f"[{' '.join(map(_number, line.dashes))}] 0 d"
        self.steps += ["q", *colours, f"{_number(line.width)} w", dashed, *way, paint, "Q"]

    def ellipse(self, middle: Point, radii: Point, fill: str | None = None, line: Stroke = NO_STROKE) -> None:
        """An ellipse, of four curves."""
        (x, y), (a, b) = middle, radii
        corners = [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)]
        at = [(x + a * u, y + b * v) for u, v in corners]
        pieces: list[Piece] = [("move", (at[0],))]
        for i in range(4):
            (u, v), (p, q) = corners[i], corners[i + 1]
            handles = [(u + ROUND * p, v + ROUND * q), (p + ROUND * u, q + ROUND * v)]
            first, last = ((x + a * s, y + b * t) for s, t in handles)
            pieces.append(("curve", (first, last, at[i + 1])))
        self.shape(pieces, fill, line)

    def words(self, text: str, start: Point, size: float, colour: str = "#000000", font: str = "Helvetica") -> None:
        """Words whose first letter begins at `start`. Errors: E0603 a letter that the fonts lack."""
        shown = f"/F{FONTS.index(font)} {_number(size)} Tf {_place(start)} Td <{_encoded(text).hex()}> Tj"
        self.steps.append(f"BT {_colour(colour)} rg {shown} ET")


def document(pen: Pen, size: Point, title: str) -> bytes:
    """The bytes of a file with one page of that size."""
    content = zlib.compress("\n".join(pen.steps).encode("ascii"), 9)
    fonts = " ".join(f"/F{i} {6 + i} 0 R" for i in range(len(FONTS)))
    looks = [f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>" for font in FONTS]
    page = f"/MediaBox [0 0 {_place(size)}] /Contents 4 0 R /Resources << /Font << {fonts} >> >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /DisplayDocTitle true >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R {page} >>".encode(),
        f"<< /Length {len(content)} /Filter /FlateDecode >>\nstream\n".encode() + content + b"\nendstream",
        f"<< /Title <feff{title.encode('utf-16-be').hex()}> /Producer (cnngraph) >>".encode(),
        *(look.encode() for look in looks),
    ]
    return _file(objects)


def _file(objects: Sequence[bytes]) -> bytes:
    """Objects under each other, then the table that says where each begins."""
    written, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    rows = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(written))
    return written + b"xref\n0 %d\n" % count + rows + trailer


def _encoded(text: str) -> bytes:
    plain = "".join(LOOKALIKES.get(letter, letter) for letter in text)
    try:
        return plain.encode("cp1252")
    except UnicodeEncodeError as cause:
        letter = plain[cause.start]
        raise error("E0603", f"the fonts of a PDF file have no `{letter}`", "formats svg and png have it") from None


def _colour(colour: str) -> str:
    return " ".join(_number(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))


def _place(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    """At most three digits behind the point, and no exponent."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
