"""The shape of units: what is left of them without their numbers and names. Units of one shape can be one block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from cnngraph.interop.readable.leaves import Leaf
from cnngraph.interop.readable.terms import (
    IT,
    Body,
    Key,
    Knot,
    Lanes,
    Layer,
    Line,
    Repeat,
    Residual,
    Unit,
    Units,
    bodies_in,
)

Token: TypeAlias = Any


@dataclass(frozen=True)
class Place:
    """A leaf of a unit: its value, the layer that it is of, and what that layer is for in its lane."""

    key: str
    value: Any
    layer: Layer
    role: str = ""


@dataclass
class Shape:
    """`tokens` tell apart what no parameter can; `places` are the leaves in order; `outer` the names from outside.

    A projection of a residual is no part of the shape, for it stands only where shapes differ: `projections` has the
    shape of each, or None.
    """

    tokens: list[Token] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    outer: list[Key] = field(default_factory=list)
    projections: list[Shape | None] = field(default_factory=list)
    roles: dict[int, str] = field(default_factory=dict)  # of layers, by their identity
    _own: dict[Key, int] = field(default_factory=dict)

    @property
    def key(self) -> tuple[Token, ...]:
        return tuple(self.tokens)

    @property
    def values(self) -> tuple[Any, ...]:
        """Everything that tells two units of one shape apart."""
        inner = tuple(None if p is None else (p.key, p.values) for p in self.projections)
        return (tuple(place.value for place in self.places), tuple(self.outer), inner)


def values_of(places: Sequence[Place]) -> list[Any]:
    """The values of one leaf in several units. A window of 1x1 without padding is padded `same`, if the others are."""
    values = [place.value for place in places]
    if places[0].key == "pad" and set(values) == {0, "same"}:
        plain = [place for place in places if place.value == 0]
        if all(set(dict(place.layer.leaves).get("window", ())) == {1} for place in plain):
            return ["same"] * len(values)
    return values


def shape_of(units: Sequence[Unit]) -> Shape:
    """The shape of units in sequence."""
    shape = Shape()
    for unit in units:
        _unit(shape, unit)
    return shape


def _unit(shape: Shape, unit: Unit) -> None:
    match unit:
        case Layer():
            _layer(shape, unit)
        case Lanes(word=word, lanes=lanes):
            shape.tokens += ["lanes", word, len(lanes)]
            for lane in lanes:
                shape.roles |= roles_in(lane) if word == "concat" else {}
                _body(shape, lane)
        case Residual(body=body, project=project):
            shape.tokens.append("residual")
            _body(shape, body)
            shape.projections.append(shape_of(project) if project else None)
        case Knot(body=body):
            shape.tokens.append("knot")
            _body(shape, body)
        case Repeat(units=units, times=times):
            shape.tokens += ["repeat", len(units)]
            for inner in units:
                _unit(shape, inner)
            shape.places.append(Place("times", times, Layer("repeat", ())))


def _layer(shape: Shape, layer: Layer) -> None:
    shape.tokens += ["layer", layer.word]
    for key, value in layer.leaves:
        if varies(key, value):
            shape.tokens.append(key)
            shape.places.append(Place(key, value, layer, shape.roles.get(id(layer), "")))
        else:
            shape.tokens.append((key, value))
    shape.tokens += [_name(shape, key) for key in layer.tensors]


def varies(key: str, value: object) -> bool:
    """Whether a leaf can be a parameter: numbers, windows, paddings."""
    if isinstance(value, bool) or value is None:
        return False
    return isinstance(value, int | float) or key in ("window", "pad", "stride")


def _name(shape: Shape, key: Key) -> Token:
    if key == IT:
        return IT
    if key in shape._own:
        return ("own", shape._own[key])
    if key not in shape.outer:
        shape.outer.append(key)
    return ("outer", shape.outer.index(key))


def _body(shape: Shape, body: Body) -> None:
    shape.tokens += ["body", len(body.lines)]
    for line in body.lines:
        shape.tokens += [line.moves, len(line.units), IT if line.source == IT else _name(shape, line.source)]
        for unit in line.units:
            _unit(shape, unit)
        for key in line.keys:
            shape.tokens.append("_" if key == "_" else "name")
            if key != "_":
                shape._own[key] = len(shape._own)


def roles_in(lane: Body) -> dict[int, str]:
    """What the features of layers are called in a lane: `r3` reduces them for a window of 3x3, `n3` are its own."""
    units = [unit for line in lane.lines for unit in line.units]
    layers = [unit for unit in units if isinstance(unit, Layer) and "window" in dict(unit.leaves)]
    pooled = bool(layers) and not layers[0].weighs
    heavy = [layer for layer in layers if layer.weighs]
    found: dict[int, str] = {}
    for i, layer in enumerate(heavy):
        side = _side(heavy[i + 1] if i + 1 < len(heavy) else layer)
        found[id(layer)] = "proj" if pooled else f"{'n' if i + 1 == len(heavy) else 'r'}{side}"
    return found


def _side(layer: Layer) -> str:
    window = dict(layer.leaves)["window"]
    return str(max(window)) if isinstance(window, tuple) else ""


# ---- the other way: units with other leaves ----


def with_values(units: Units, values: Sequence[Any], projections: Sequence[tuple[Units, Sequence[Any]]]) -> Units:
    """The units with other values at their places, and these projections with theirs."""
    refill = _Refill(iter(values), iter(projections))
    return tuple(map(refill.unit, units))


def projections_in(units: Sequence[Unit]) -> Iterator[Units]:
    """The projections of the residuals in units, in the order of their shapes; those that are not there are empty."""
    for unit in units:
        if isinstance(unit, Residual):
            yield from (p for line in unit.body.lines for p in projections_in(line.units))
            yield unit.project
        else:
            yield from (p for body in bodies_in(unit) for line in body.lines for p in projections_in(line.units))


@dataclass
class _Refill:
    values: Iterator[Any]
    projections: Iterator[tuple[Units, Sequence[Any]]]

    def unit(self, unit: Unit) -> Unit:
        match unit:
            case Layer(leaves=leaves):
                return replace(unit, leaves=tuple(map(self._leaf, leaves)))
            case Lanes(lanes=lanes):
                return replace(unit, lanes=tuple(map(self._body, lanes)))
            case Residual(body=body):
                inner = self._body(body)
                project, values = next(self.projections)
                return replace(unit, body=inner, project=with_values(project, values, ()))
            case Knot(body=body):
                return replace(unit, body=self._body(body))
            case Repeat(units=units):
                inner_units = tuple(map(self.unit, units))
                return replace(unit, units=inner_units, times=next(self.values))

    def _leaf(self, leaf: Leaf) -> Leaf:
        key, value = leaf
        return (key, next(self.values)) if varies(key, value) else leaf

    def _body(self, body: Body) -> Body:
        return Body(tuple(self._line(line) for line in body.lines))

    def _line(self, line: Line) -> Line:
        return replace(line, units=tuple(map(self.unit, line.units)))
