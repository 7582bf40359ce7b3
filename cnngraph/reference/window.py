"""What a window does along one axis, drawn from its geometry: where it lies, what it leaves out, what comes of it.

    input      . 0 1 2 3 4 5 6 .
    window 0   # # #
    window 1       # # #
    window 2           # # #
    window 3               # # #
    output       0   1   2   3

Padding is `.`, what a window reads `#`, what it passes over `-`. Transposed operators spread each input position over a
window of the output instead.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cnngraph.interop.flat.words import layer_text
from cnngraph.ir.op import Op
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Geometry, Window, lay

CHANNELS = 2
SETTINGS: tuple[tuple[int, Mapping[str, Any]], ...] = (
    (7, {"window": Window((3,)), "stride": 2, "pad": 1}),
    (7, {"window": Window((3,)), "dilation": 2}),
    (6, {"window": Window((3,)), "stride": 2, "ceil": True}),
)
"""Positions, and the fields that are set for them: each is drawn for the operators that have all of these fields."""


@dataclass(frozen=True)
class Picture:
    """A layer on one axis of positions: its text, its rows, and how many positions come of it, worked out."""

    layer: str
    rows: tuple[str, ...]
    formulas: tuple[str, ...]


def pictures(op: type[Op]) -> Iterator[Picture]:
    """The pictures of an operator; none where it has no window.

    >>> from cnngraph.ops.maxpool import MaxPool
    >>> print(*next(pictures(MaxPool)).formulas)
    (N + 2P - F)/S + 1 = (7 + 2*1 - 3)/2 + 1 = 4
    """
    fields = {field.name: field for field in dataclasses.fields(op)}
    if not {"window", "pad", "stride"} <= fields.keys():
        return
    for sample in op.samples()[:1]:
        needed = {name: getattr(sample.op, name) for name, f in fields.items() if f.default is dataclasses.MISSING}
        fitting = [(positions, changes) for positions, changes in SETTINGS if changes.keys() <= fields.keys()]
        for positions, changes in fitting:
            yield picture(op(**{**needed, **changes}), positions)


def picture(op: Op, positions: int) -> Picture:
    """What `op` does on an axis of so many positions."""
    x = TensorType.of(CHANNELS, (positions,))
    out = number(op.output_types((x,))[0].positions[0])
    (_, stride), = op.field_of_view(1) or ((1, 1),)
    transposed = isinstance(stride, Fraction)
    g = _geometry(op, int(1 / stride) if transposed else int(stride))
    long, short = (out, positions) if transposed else (positions, out)
    names = ("output", "input") if transposed else ("input", "output")
    upper, *windows, lower = _rows(g, long, short, names)
    rows = (lower, *windows, upper) if transposed else (upper, *windows, lower)
    return Picture(layer_text(op), rows, op.formula((x,)))


def _geometry(op: Op, stride: int) -> Geometry:
    """The window of `op` on one axis."""
    fields: dict[str, Any] = {field.name: getattr(op, field.name) for field in dataclasses.fields(op)}
    window, dilation = Window(fields["window"].size), fields.get("dilation", 1)
    return lay(op.name, 1, window, fields["pad"], stride, dilation, ceil=fields.get("ceil", False))


def _rows(g: Geometry, long: int, short: int, names: tuple[str, str]) -> list[str]:
    """The side with the padding, each window, and the side with one position for each window."""
    (before, after), extent, stride = g.pad[0], g.extent[0], g.stride[0]
    starts = [o * stride for o in range(short)]
    width = max(before + long + after, starts[-1] + extent)
    inside = range(before, before + long)
    padded = [str((i - before) % 10) if i in inside else "." for i in range(width)]
    lines = [(names[0], padded)]
    for o, start in enumerate(starts):
        lines.append((f"window {o}", _marked(width, {start + i: "-" for i in range(extent)}, _read(g, start))))
    middles = {start + (extent - 1) // 2: str(o % 10) for o, start in enumerate(starts)}
    lines.append((names[1], _marked(width, middles)))
    return [f"{name:<10} {' '.join(cells)}".rstrip() for name, cells in lines]


def _read(g: Geometry, start: int) -> dict[int, str]:
    return {start + i * g.dilation[0]: "#" for i in range(g.size[0])}


def _marked(width: int, *marks: Mapping[int, str]) -> list[str]:
    """Cells with these marks, the later ones over the earlier."""
    cells = [" "] * width
    for at, mark in (pair for each in marks for pair in each.items()):
        cells[at] = mark
    return cells
