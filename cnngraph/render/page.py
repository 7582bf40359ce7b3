"""A picture in the DOT language as a PDF page: an engine lays it out, and what it would draw is drawn by `pdf`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnngraph.render.layout import laid_out
from cnngraph.render.pdf import Pen, Piece, Point, Stroke, document

PARTS = ("_draw_", "_tdraw_", "_hdraw_", "_ldraw_")  # of a box or an arrow, in the order in which they are drawn
DASHES = {"dashed": (4.0, 3.0), "dotted": (1.0, 2.0)}
POINTS_PER_INCH = 72
CLEAR = "00"  # the end of a colour that is not seen


def to_page(source: str, title: str) -> bytes:
    """A PDF file of one page as large as the picture. Errors: E0603."""
    layout, pen = laid_out(source), Pen()
    margin = float(layout.data.get("pad", 0)) * POINTS_PER_INCH
    width, height = (side + 2 * margin for side in layout.size)
    _rectangle(pen, (width, height), layout.data.get("bgcolor", ""))
    items = [layout.data, *layout.data.get("objects", ()), *layout.data.get("edges", ())]
    for item in items:
        for step in (step for part in PARTS if part in item for step in _steps(item, part, item is layout.data)):
            _draw(pen, *step, margin)
    return document(pen, (width, height), title)


@dataclass(frozen=True)
class _State:
    """How the next step is drawn."""

    line: str | None = "#000000"
    fill: str | None = None
    width: float = 1.0
    dashes: tuple[float, ...] = ()
    size: float = 14.0
    bold: bool = False
    face: str = "Helvetica"


def _steps(item: Mapping[str, Any], part: str, whole: bool) -> Iterator[tuple[_State, Mapping[str, Any]]]:
    """What is drawn, each with its state; the ground of the whole is drawn already."""
    state = _State()
    for step in () if whole and part == "_draw_" else item[part]:
        match step["op"]:
            case "c":
                state = replace(state, line=_seen(step["color"]))
            case "C":
                state = replace(state, fill=_seen(step["color"]))
            case "S":
                state = _styled(state, step["style"])
            case "F":
                state = replace(state, size=step["size"], face=step["face"])
            case "t":
                state = replace(state, bold=bool(step["fontchar"] & 1))
            case _:
                yield state, step


def _styled(state: _State, word: str) -> _State:
    if word.startswith("setlinewidth("):
        return replace(state, width=float(word.removeprefix("setlinewidth(").removesuffix(")")))
    return replace(state, dashes=DASHES.get(word, ())) if word in (*DASHES, "solid") else state


def _seen(colour: str) -> str | None:
    """A colour without its share of what lies behind it; None where it is not seen."""
    return None if len(colour) == 9 and colour.endswith(CLEAR) else colour[:7]


def _draw(pen: Pen, state: _State, step: Mapping[str, Any], margin: float) -> None:
    fill = state.fill if step["op"] in "PEB" else None
    line = Stroke(state.line, state.width, state.dashes)
    match step["op"].lower():
        case "t":
            (x, y), width = step["pt"], step["width"]
            left = x - width * {"l": 0, "c": 0.5, "r": 1}[step["align"]]
            family = "Times" if state.face.startswith("Times") else "Helvetica"
            font = f"{family}-Bold" if state.bold else {"Times": "Times-Roman"}.get(family, family)
            pen.words(step["text"], (left + margin, y + margin), state.size, state.line or "#000000", font)
        case "e":
            x, y, *radii = step["rect"]
            pen.ellipse((x + margin, y + margin), (radii[0], radii[1]), fill, line)
        case "p" | "l" | "b" as kind:
            points = [(x + margin, y + margin) for x, y in step["points"]]
            pen.shape(_way(points, kind), fill, line)


def _way(points: Sequence[Point], kind: str) -> list[Piece]:
    """A polygon, which is closed, a line, or a row of curves."""
    way: list[Piece] = [("move", (points[0],))]
    if kind == "b":
        way += [("curve", tuple(points[i : i + 3])) for i in range(1, len(points) - 2, 3)]
    else:
        way += [("line", (point,)) for point in (*points[1:], *(points[:1] if kind == "p" else ()))]
    return way


def _rectangle(pen: Pen, size: Point, colour: str) -> None:
    """The ground."""
    corners = [(0.0, 0.0), (size[0], 0.0), size, (0.0, size[1])]
    if colour.startswith("#"):
        pen.shape(_way(corners, "p"), colour[:7])
