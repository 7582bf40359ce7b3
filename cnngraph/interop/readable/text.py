"""Terms as text, before the formatter: one statement a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cnngraph.interop.readable.grouping import groups, is_heavy, is_wide
from cnngraph.interop.readable.layer_text import Parameter, arguments, parameters_of
from cnngraph.interop.readable.leaves import CellKey
from cnngraph.interop.readable.shapes import Place, shape_of, values_of, with_values
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
    Said,
    Unit,
    Units,
)

WIDE = 72
SHORT = 2
LEAST_EACH = 3


@dataclass
class Writer:
    """`names` are those of values by their keys; `calls` has the parameters of blocks, `cells` the text of cells."""

    names: Mapping[Key, str]
    calls: Mapping[str, Sequence[Parameter]]
    cells: Mapping[CellKey, str] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)
    with_rows: bool = False
    labels: Mapping[int, str] = field(default_factory=dict)  # of statements, by the identity of their first unit

    # ---- lines ----

    def lines(self, body: Body) -> Iterator[str]:
        for line in body.lines:
            yield from self._line(line) if line.moves else [self._let(line)]

    def _let(self, line: Line) -> str:
        pipe = [self._name(line.source)] if not self._is_call(line) else []
        texts = [*pipe, *self._texts(line.units, line.source if self._is_call(line) else None)]
        listed = ", ".join("_" if key == "_" else self._name(key) for key in line.keys)
        return f"let {listed} = {' -> '.join(texts)}"

    def _line(self, line: Line) -> Iterator[str]:
        """A line of the flow as one statement for each group of units; a knot is written as the lines it holds."""
        if not line.units:
            yield self._name(line.source)
            return
        parts = list(statements(line.units))
        source: Key | None = line.source if line.source != IT else None
        for i, part in enumerate(parts):
            named = i == len(parts) - 1 and line.keys
            label = self._name(line.keys[0]) if named else self.labels.get(id(part[0]), "")
            if isinstance(part[0], Knot):
                yield from self._spliced(part[0], source, label)
            else:
                yield self._statement(part, source, label) + self._row(part[-1])
            source = None

    def _spliced(self, knot: Knot, source: Key | None, label: str) -> Iterator[str]:
        lines = list(knot.body.lines) if source is None else list(_from(knot.body.lines, source))
        texts = [text for line in lines for text in (self._line(line) if line.moves else [self._let(line)])]
        yield from texts[:-1]
        yield f"{label}: {texts[-1]}" if label else texts[-1]

    def _statement(self, units: Units, source: Key | None, label: str) -> str:
        first = units[0]
        call = isinstance(first, Layer) and bool(first.tensors) and first.word != "scan"
        if call and source is not None:
            texts = self._texts(units, source)
        elif call:
            texts = ["it", *self._texts(units, None)]
        else:
            texts = [*([] if source is None else [self._name(source)]), *self._texts(units, None)]
        return (f"{label}: " if label else "") + " -> ".join(texts)

    def _is_call(self, line: Line) -> bool:
        first = line.units[0] if line.units else None
        return line.source != IT and isinstance(first, Layer) and bool(first.tensors) and first.word != "scan"

    def _row(self, unit: Unit) -> str:
        if not self.with_rows or unit.passage is None or isinstance(unit, Knot):
            return ""
        type_ = unit.passage.gives
        return f" [{type_}]" if type_.batched and len(type_.shape) > 1 else ""

    def _name(self, key: Key) -> str:
        return IT if key == IT else self.names[key]

    # ---- units ----

    def _texts(self, units: Units, source: Key | None) -> list[str]:
        """The units of a pipe; with `source`, the first one is a call with all its tensors."""
        return [self.unit(unit, source if i == 0 else None) for i, unit in enumerate(units)]

    def unit(self, unit: Unit, source: Key | None = None) -> str:
        match unit:
            case Layer():
                return self._layer(unit, source)
            case Lanes(word=word, lanes=lanes):
                rows = [self._each(lanes)] if alike(lanes) else [self._lane(lane) for lane in lanes]
                return "\n".join([f"{word} {{", *(f"| {row}" for row in rows), "}"])
            case Residual(body=body, project=project):
                tail = f" project {self._alone(project)}" if project else ""
                return f"residual {self._braces(body)}{tail}"
            case Repeat():
                return self._repeat(unit)
            case Knot():
                raise AssertionError("a knot stands among lines")

    def _repeat(self, unit: Repeat) -> str:
        """`unit * n`, whose arguments are read once; braces where the text is long, or each time speaks of its own."""
        if not any(map(is_wide, unit.units)) and not _speaks_of_it(unit.units):
            return f"{self._alone(unit.units)} * {unit.times}"
        if all(map(self._is_narrow, unit.units)) and any(map(is_wide, unit.units)):
            return f"({' -> '.join(self._texts(unit.units, None))}) * {unit.times}"
        return f"repeat {unit.times} {self._braces(Body((Line(unit.units),)))}"

    def layer_of(self, body: Body) -> str:
        """A body as one layer, with a line for each group of its units."""
        if not body.is_plain:
            return f"repeat 1 {self._braces(body)}"
        return "\n-> ".join(" -> ".join(self._texts(group, None)) for group in groups(body.units))

    def _is_narrow(self, unit: Unit) -> bool:
        """Whether a unit has no lines in its text."""
        return not isinstance(unit, Knot) and "\n" not in self.unit(unit)

    def _alone(self, units: Units) -> str:
        """Units as one layer."""
        texts = self._texts(units, None)
        return texts[0] if len(texts) == 1 else f"({' -> '.join(texts)})"

    def _each(self, lanes: Sequence[Body]) -> str:
        """Lanes that differ in one number: `for k in [3, 4, 5]: conv(100, k) -> globalmaxpool`."""
        place, values = alike(lanes) or (0, [])
        said = [column[0] for column in _columns(lanes)]
        units = with_values(lanes[0].units, [Said("k") if i == place else v for i, v in enumerate(said)], ())
        listed = [str(value[0] if isinstance(value, tuple) else value) for value in values]
        return f"for k in [{', '.join(listed)}]: {' -> '.join(self._texts(units, None))}"

    def _lane(self, lane: Body) -> str:
        if not lane.lines:
            return IT
        short = self.short(lane)
        inner = Writer(self.names, self.calls, self.cells, self.shared)
        label = f"{self._name(lane.lines[0].keys[0])}: " if lane.lines[0].keys and short else ""
        return f"{label}{short}" if short else "\n".join(inner.lines(lane))

    def _braces(self, body: Body) -> str:
        short = self.short(body)
        inner = Writer(self.names, self.calls, self.cells, self.shared)
        if short and sum(map(is_heavy, body.units)) <= SHORT:
            return f"{{ {short} }}"
        return "\n".join(["{", *inner.lines(body), "}"])

    def short(self, body: Body) -> str:
        """A body as one pipe, where that is short."""
        if not body.is_plain or any(map(is_wide, body.units)):
            return ""
        tensors = isinstance(body.units[0], Layer) and bool(body.units[0].tensors)
        text = " -> ".join([*(["it"] if tensors else []), *self._texts(body.units, None)])
        return text if len(text) <= WIDE else ""

    def _layer(self, layer: Layer, source: Key | None) -> str:
        tensors = [self._name(key) for key in layer.tensors]
        if layer.word == "scan":
            return self._scan(layer, tensors)
        if layer.word == "split":
            of = dict(layer.leaves)["of"]
            return f"split({of if isinstance(of, int) else list(of)})"
        if layer.word in self.shared:
            return self.shared[layer.word]
        if layer.word in self.calls:
            plain = arguments(self.calls[layer.word], layer.leaves)
        else:
            plain = arguments(parameters_of(layer.word), layer.leaves)
        given = [*([] if source is None else [self._name(source)]), *tensors, *plain]
        return f"{layer.word}({', '.join(given)})" if given else layer.word

    def _scan(self, layer: Layer, tensors: Sequence[str]) -> str:
        leaves = dict(layer.leaves)
        given = [self.cells[leaves["cell"]]]
        if tensors:
            initial = tensors[0] if len(tensors) == 1 else f"({', '.join(tensors)})"
            given.append(f"init = {initial}")
        if leaves["reverse"]:
            given.append("reverse = true")
        return f"scan({', '.join(given)})"


def _from(lines: Sequence[Line], source: Key) -> Iterator[Line]:
    """Lines that start from a value that is not above them."""
    above = IT
    for line in lines:
        yield replace(line, source=source) if above == line.source == IT else line
        above = "" if line.moves else above


def statements(units: Units) -> Iterator[Units]:
    """The units of each statement: lines of their own for what has lines inside."""
    for group in groups(units):
        current: list[Unit] = []
        for unit in group:
            if is_wide(unit):
                yield from [tuple(current)] if current else []
                yield (unit,)
                current = []
            else:
                current.append(unit)
        yield from [tuple(current)] if current else []


def alike(lanes: Sequence[Body]) -> tuple[int, list[Any]] | None:
    """Where three lanes or more differ, and in what, if that is one number; nothing else."""
    if len(lanes) < LEAST_EACH or not all(lane.is_plain and lane.units and not lane.lines[0].keys for lane in lanes):
        return None
    shapes = [shape_of(lane.units) for lane in lanes]
    if any(shape.key != shapes[0].key or shape.outer or shape.projections for shape in shapes):
        return None
    differ = [(i, column) for i, column in enumerate(_columns(lanes)) if len(set(column)) > 1]
    if len(differ) != 1:
        return None
    place, column = differ[0]
    return (place, column) if all(_is_one_number(shapes[0].places[place], value) for value in column) else None


def _columns(lanes: Sequence[Body]) -> list[list[Any]]:
    """The values of each leaf, lane by lane."""
    places = [shape_of(lane.units).places for lane in lanes]
    return [values_of(column) for column in zip(*places, strict=True)]


def _is_one_number(place: Place, value: object) -> bool:
    """Whether a leaf is a whole number, or a square window that goes on by 1."""
    if not isinstance(value, tuple):
        return type(value) is int
    return place.key == "window" and len(set(value)) == 1 and dict(place.layer.leaves)["stride"] == 1


def _speaks_of_it(units: Units) -> bool:
    """Whether a single layer has an argument such as `2 * it.c`."""
    only = units[0] if len(units) == 1 else None
    values = [value for _, value in only.leaves] if isinstance(only, Layer) else []
    return any(isinstance(value, Said) and "it." in value.text for value in values)
