"""What a readable file is made of, before it is text: units in lines, lines in bodies.

A unit takes the value on its left and gives one value:

    Layer       an operator or a block with its arguments; `tensors` are its further operands, by their names
    Lanes       lanes that start from the value on the left, and what joins them
    Residual    a body, and the layer that stands for the shortcut where the shapes differ
    Knot        lines whose values meet by name; they can stand where they are, or be a block
    Repeat      units, several times

Values have keys, which are unique in the whole file; the text calls them by names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias, Union

from cnngraph.interop.readable.leaves import Leaves
from cnngraph.ir.types import TensorType

IT = "it"
Key: TypeAlias = str
Unit: TypeAlias = Union["Layer", "Lanes", "Residual", "Knot", "Repeat"]
Units: TypeAlias = tuple[Unit, ...]


@dataclass(frozen=True)
class Said:
    """An argument in words: `4*c`, `it.c`, the name of a parameter. `axes` is for how many a window is."""

    text: str
    axes: int = field(default=2, compare=False)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Passage:
    """From which type to which a unit leads, and the nodes of the graph that it stands for."""

    takes: TensorType
    gives: TensorType
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Layer:
    """An operator or a block. It `is_block` if that is more than a layer with what follows it."""

    word: str
    leaves: Leaves
    tensors: tuple[Key, ...] = ()
    weighs: bool = False
    is_block: bool = False
    passage: Passage | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Lanes:
    word: str
    lanes: tuple[Body, ...]
    passage: Passage | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Residual:
    body: Body
    project: Units = ()
    passage: Passage | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Knot:
    body: Body
    passage: Passage | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Repeat:
    units: Units
    times: Any
    passage: Passage | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Line:
    """Units that receive the line above, or the value `source`; the result has the names `keys`.

    A line that `moves` the flow is received by the next one; another is a `let`.
    """

    units: Units
    source: Key = IT
    keys: tuple[Key, ...] = ()
    moves: bool = True


@dataclass(frozen=True)
class Body:
    """Lines; the last one gives the value, unless `returned` names it."""

    lines: tuple[Line, ...]

    @cached_property
    def units(self) -> Units:
        """The units of a body that is one plain line."""
        return self.lines[0].units if self.lines and self.is_plain else ()

    @property
    def is_plain(self) -> bool:
        """Whether it is one line, or none, that starts from the value that comes in."""
        return not self.lines or (len(self.lines) == 1 and self.lines[0].source == IT)


def bodies_in(unit: Unit) -> Iterator[Body]:
    """The bodies right inside a unit."""
    match unit:
        case Lanes(lanes=lanes):
            yield from lanes
        case Residual(body=body, project=project):
            yield body
            if project:
                yield Body((Line(project),))
        case Knot(body=body):
            yield body
        case Repeat(units=units):
            yield Body((Line(units),))


def weighs(unit: Unit) -> bool:
    """Whether it holds a layer with weights."""
    if isinstance(unit, Layer):
        return unit.weighs
    return any(weighs(inner) for body in bodies_in(unit) for line in body.lines for inner in line.units)


def passage_of(units: Units) -> Passage | None:
    """What units in sequence lead from and to, as one."""
    first, last = units[0].passage, units[-1].passage
    if first is None or last is None:
        return None
    nodes = tuple(name for unit in units if unit.passage for name in unit.passage.nodes)
    return Passage(first.takes, last.gives, nodes)


def keys_read(line: Line) -> Iterator[Key]:
    """The names that a line reads, those inside its units included."""
    if line.source != IT:
        yield line.source
    for unit in line.units:
        yield from keys_in(unit)


def keys_in(unit: Unit) -> Iterator[Key]:
    if isinstance(unit, Layer):
        yield from (key for key in unit.tensors if key != IT)
    for body in bodies_in(unit):
        for line in body.lines:
            yield from keys_read(line)
