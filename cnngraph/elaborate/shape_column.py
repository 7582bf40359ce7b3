"""Write the right column: after each line of a net, the shape that it gives.

    conv1: conv(96, 11x11/4)  [96@54x54]      a wrong row is corrected,
    pool1: maxpool(3x3/2)                     a missing one is added,
    fc8: dense(classes)       [classes]       a right one stays as it was written
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Source, Span, Suggestion, edited, in_order
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.observe import Given, observe
from cnngraph.ir.types import TensorType
from cnngraph.syntax import ast
from cnngraph.syntax.format import formatted
from cnngraph.syntax.parse import parse
from cnngraph.syntax.tree import walk

MAX_READINGS = 3  # a row may hide what is wrong below it, but not for ever


def with_shapes(text: str, name: str, folder: Path | None = None) -> str:
    """The formatted text with the right column written. Blocks keep their columns, but for wrong rows that every use
    in the file agrees on. Raises `CnnGraphError` for a text with any other error, or a row that uses disagree about.

    >>> print(with_shapes("net n(image: 1@28x28) {\\n  conv(6, 5x5)\\n  flatten [10]\\n}", "n.cnn"), end="")
    net n(image: 1@28x28) {
      conv(6, 5x5)  [6@24x24]
      flatten       [3456]
    }
    """
    source = Source.of(name, text)
    module = parse(source.text, name)
    units = (node for node in walk(module) if isinstance(node, ast.Unit))
    rows = {unit.shape.span.start: unit for unit in units if unit.shape is not None}
    wrong: list[ast.Unit] = []
    first = reading = _read(source, wrong, folder)
    for _ in range(MAX_READINGS):
        refused = _wrong(reading, rows, name)
        if not refused:
            break
        wrong += refused
        reading = _read(source, wrong, folder)
    if reading.errors:
        raise CnnGraphError(first.errors)
    corrected = [_correction(unit, reading, first) for unit in wrong]
    return formatted(edited(source.text, [*corrected, *_additions(module, reading)]), name)


@dataclass(frozen=True)
class _Reading:
    """The errors of a text, and what each unit gave in each of its nets."""

    errors: tuple[Diagnostic, ...]
    given: tuple[Given, ...]

    @cached_property
    def _by_start(self) -> Mapping[int, list[tuple[TensorType, ...]]]:
        found: defaultdict[int, list[tuple[TensorType, ...]]] = defaultdict(list)
        for given in self.given:
            found[given.span.start].append(given.types)
        return found

    def types_at(self, unit: ast.Unit) -> set[TensorType]:
        """What the unit gave, in all of its uses; nothing where it did not give one tensor."""
        found = self._by_start.get(unit.span.start, [])
        return {types[0] for types in found} if all(len(types) == 1 for types in found) else set()


def _read(source: Source, without: Sequence[ast.Unit], folder: Path | None) -> _Reading:
    """Read all nets of a text, without some of its rows: blanks stand for them, so that no place moves."""
    gaps = [Span(source, unit.head.span.end, unit.span.end) for unit in without]
    text = edited(source.text, [Suggestion(gap, " " * len(gap.text)) for gap in gaps])
    program = load_text(text, source.name, folder)
    nets = [d.name.text for d in program.definitions.values() if d.kind == "net"]
    observations = [observe(program, net) for net in nets]
    found = in_order([*program.found, *(finding for seen in observations for finding in seen.found)])
    errors = tuple(finding for finding in found if finding.severity == "error")
    return _Reading(errors, tuple(given for seen in observations for given in seen.values if _is_in(given, source)))


def _is_in(given: Given, source: Source) -> bool:
    return given.span.source.name == source.name


def _wrong(reading: _Reading, rows: dict[int, ast.Unit], name: str) -> list[ast.Unit]:
    """The units of this text whose rows do not hold. One that only follows from another is written as it was."""
    places = [finding.primary.span for finding in reading.errors if finding.code == "E0300" and finding.primary]
    return [rows[start] for start in {p.start: p for p in places if p.source.name == name} if start in rows]


def _correction(unit: ast.Unit, reading: _Reading, first: _Reading) -> Suggestion:
    types = reading.types_at(unit)
    if len(types) != 1 or unit.shape is None:
        raise CnnGraphError(first.errors)
    return Suggestion(unit.shape.span, str(types.pop()))


def _additions(module: ast.Module, reading: _Reading) -> Iterator[Suggestion]:
    """A row for each line of a net that has none, where the net has its lines below one another."""
    nets = (item for item in module.items if isinstance(item, ast.Definition) and item.kind == "net")
    for net in nets:
        lines = [line for line in net.body.statements if isinstance(line, ast.Flow)]
        if "\n" not in net.body.span.text:
            continue
        for unit in (line.pipe.units[-1] for line in lines):
            types = reading.types_at(unit)
            if unit.shape is None and len(types) == 1 and _has_row(shown := types.pop()):
                yield Suggestion(Span(unit.span.source, unit.span.end, unit.span.end), f" [{shown}]")


def _has_row(type_: TensorType) -> bool:
    return type_.batched and len(type_.shape) > 1


