"""All rows of units in a body, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from cnngraph.interop.readable.terms import Body, Knot, Lanes, Layer, Repeat, Residual, Unit, Units, bodies_in

Change: TypeAlias = Callable[[Units], Units]


def chains(body: Body, around: type = Body) -> Iterator[tuple[Units, type]]:
    """The units of all lines, the inner ones first, and in what kind of unit they stand."""
    for line in body.lines:
        for unit in line.units:
            for inner in bodies_in(unit):
                yield from chains(inner, around if isinstance(unit, Repeat) else type(unit))
        if line.units:
            yield line.units, around


def changed(body: Body, change: Change) -> Body:
    """The body with all its rows of units changed, the inner ones first."""
    return Body(tuple(replace(line, units=_changed(line.units, change)) for line in body.lines))


def _changed(units: Units, change: Change) -> Units:
    return change(tuple(_inside(unit, change) for unit in units))


def _inside(unit: Unit, change: Change) -> Unit:
    match unit:
        case Layer():
            return unit
        case Lanes(lanes=lanes):
            return replace(unit, lanes=tuple(changed(lane, change) for lane in lanes))
        case Residual(body=body, project=project):
            return replace(unit, body=changed(body, change), project=change(project) if project else ())
        case Knot(body=body):
            return replace(unit, body=changed(body, change))
        case Repeat(units=units):
            return replace(unit, units=_changed(units, change))
