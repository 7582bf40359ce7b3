"""Blocks: units of one shape that occur several times are written once, where that makes the file shorter.

From the inside out: single layers with what follows them, then merges and residuals, the inner ones first, then rows
of all these. Of all candidates the one that saves most words is taken, again and again, until none saves any.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from cnngraph.interop.readable.fit import Fitted, fitted
from cnngraph.interop.readable.grouping import NORMS, is_block, is_follower, is_heavy, word_of
from cnngraph.interop.readable.layer_text import REQUIRED, Parameter, arguments, parameters_of
from cnngraph.interop.readable.shapes import Shape, shape_of
from cnngraph.interop.readable.terms import (
    Body,
    Key,
    Knot,
    Lanes,
    Layer,
    Line,
    Loop,
    Repeat,
    Residual,
    Unit,
    Units,
    bodies_in,
    passage_of,
)
from cnngraph.ir.registry import registry

LONGEST = 24
HEADER = 6
LEAST = 6
LEAST_OF_BLOCKS = 9
LEAST_OF_ROWS = 18
FEW = 4
Change: TypeAlias = Callable[[Units], Units]
Slices: TypeAlias = Callable[[Units, type], Iterator[tuple[int, int]]]


@dataclass(frozen=True)
class Block:
    """A block of the file; `outer` are the keys of values that its uses give it."""

    name: str
    parameters: tuple[Parameter, ...]
    units: Units
    outer: tuple[Key, ...] = ()
    channels: str = ""  # the name of the channels that come in, where the block has one for them


@dataclass
class Candidate:
    """Places of one shape."""

    uses: list[Units] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)


@dataclass
class Press:
    """Finds blocks in bodies, and replaces their uses by calls. `namer` gives a name to what was found."""

    bodies: list[Body]
    namer: Callable[[Units], str]
    calls: dict[str, Sequence[Parameter]]
    blocks: dict[str, Block] = field(default_factory=dict)
    with_groups: bool = False
    _keys: dict[int, tuple[Unit, int]] = field(default_factory=dict)
    _numbers: dict[Any, int] = field(default_factory=dict)

    def press(self) -> None:
        self._rounds(_cores)
        self.with_groups = True
        self._keys.clear()
        for height in range(1, max((_height(u) for u in self._units()), default=0) + 1):
            self._rounds(lambda units, _, h=height: _gates(units, h), is_block=True)  # type: ignore[misc]
            self._rounds(lambda units, around, h=height: _inner(units, around, h), is_block=True)  # type: ignore[misc]
            self._rounds(lambda units, around, h=height: _slices(units, around, h), is_block=True, inner=True)  # type: ignore[misc]
        self.change(doubled)
        self._rounds(_whole, is_block=True)
        self._rounds(_rows, is_block=True, least=LEAST_OF_ROWS, fewest=3)
        self.change(repeated)
        for name, block in self.blocks.items():
            body = changed(Body((Line(block.units),)), doubled)
            self.blocks[name] = replace(block, units=body.lines[0].units)

    def change(self, change: Change) -> None:
        self.bodies = [changed(body, change) for body in self.bodies]

    # ---- candidates ----

    def _rounds(
        self, slices: Slices, is_block: bool = False, inner: bool = False,
        least: int = LEAST_OF_BLOCKS, fewest: int = 2,
    ) -> None:
        for _ in range(1000):
            best = self._best(slices, least if is_block else 0, inner, fewest)
            if best is None:
                return
            uses, made = best
            self._make(uses, made, is_block)

    def _best(
        self, slices: Slices, least: int, inner: bool, fewest: int
    ) -> tuple[Candidate, Fitted] | None:
        candidates = self._candidates(slices)
        if inner:
            candidates |= self._inner_rows()
        bound = {
            key: (len(uses) - 1) * weight(uses[0], self.calls) for key, uses in candidates.items() if len(uses) >= fewest
        }
        best: tuple[int, Candidate, Fitted] | None = None
        for key in sorted(bound, key=lambda key: -bound[key]):
            if best is not None and bound[key] <= best[0]:
                break
            for candidate, made in self._fits(_alike(candidates[key]), fewest):
                saved = self._saved(candidate, made)
                if saved > max(best[0] if best else 0, least) and weight(made.units, self.calls) >= LEAST:
                    best = saved, candidate, made
        return best[1:] if best else None

    def _fits(self, candidate: Candidate, fewest: int) -> Iterator[tuple[Candidate, Fitted]]:
        """The block of all uses, and that of fewer of them which needs fewer parameters."""
        while len(candidate.uses) >= fewest:
            made = fitted(candidate.uses, candidate.shapes)
            if made is None:
                return
            yield candidate, made
            kept = _usual(made)
            if kept is None:
                return
            candidate = Candidate([candidate.uses[i] for i in kept], [candidate.shapes[i] for i in kept])

    def _candidates(self, slices: Slices) -> dict[Any, list[Units]]:
        found: dict[Any, list[Units]] = defaultdict(list)
        for units, around in self._chains():
            ends: dict[Any, int] = {}
            keys = [self._key(unit) for unit in units]
            for start, end in slices(units, around):
                key = tuple(keys[start:end])
                if around is Knot and any(map(reads, units[start:end])):
                    continue
                if _is_periodic(key) or ends.get(key, 0) > start:
                    continue
                ends[key] = end
                found[key].append(units[start:end])
        return found

    def _inner_rows(self) -> dict[Any, list[Units]]:
        """Rows of layers that stand in residuals and outside of them too."""
        found = self._candidates(_rows)
        around: dict[Any, set[type]] = defaultdict(set)
        for units, kind in self._chains():
            keys = tuple(self._key(unit) for unit in units)
            for start, end in _rows(units, kind):
                around[keys[start:end]].add(kind)
        return {key: uses for key, uses in found.items() if Residual in around[key] and len(around[key]) > 1}

    def _key(self, unit: Unit) -> int:
        """A number for the shape of a unit."""
        known = self._keys.get(id(unit))
        if known is None:
            marked = (shape_of((unit,)).key, self.with_groups and _is_grouped(unit))
            key = self._numbers.setdefault(marked, len(self._numbers))
            known = self._keys[id(unit)] = (unit, key)
        return known[1]

    def _chains(self) -> Iterator[tuple[Units, type]]:
        for body in self.bodies:
            yield from chains(body)

    def _units(self) -> Iterator[Unit]:
        for units, _ in self._chains():
            yield from units

    def _saved(self, candidate: Candidate, made: Fitted) -> int:
        inline = sum(weight(units, self.calls) for units in candidate.uses)
        calls = sum(
            2 + len(candidate.shapes[0].outer) + sum(v != p.default for v, p in zip(row, made.parameters, strict=True))
            for row in made.arguments
        )
        return inline - calls - weight(made.units, self.calls) - HEADER - len(made.parameters)

    # ---- calls ----

    def _make(self, uses: Candidate, made: Fitted, is_block: bool) -> None:
        name = self.namer(uses.uses[0])
        self.blocks[name] = Block(name, made.parameters, made.units, tuple(uses.shapes[0].outer), made.channels)
        self.calls[name] = made.parameters
        calls = dict[Any, Layer]()
        for units, shape, values in zip(uses.uses, uses.shapes, made.arguments, strict=True):
            leaves = tuple((p.name, v) for p, v in zip(made.parameters, values, strict=True))
            heavy = any(map(is_heavy, units))
            calls[shape.key, shape.values] = Layer(name, leaves, tuple(shape.outer), heavy, is_block, passage_of(units))
        key = uses.shapes[0].key
        length = len(uses.uses[0])

        def call(units: Units) -> Units:
            found: list[Unit] = []
            i = 0
            while i < len(units):
                part = units[i : i + length]
                shape = shape_of(part) if len(part) == length and self._may_be(part, uses.uses[0]) else None
                made_call = calls.get((shape.key, shape.values)) if shape and shape.key == key else None
                found.append(replace(made_call, passage=passage_of(part)) if made_call else units[i])
                i += length if made_call else 1
            return tuple(found)

        self.change(call)
        if is_block:
            self.change(blocks_doubled)

    def _may_be(self, units: Units, wanted: Units) -> bool:
        return all(type(a) is type(b) and word_of(a) == word_of(b) for a, b in zip(units, wanted, strict=True))


def _usual(made: Fitted) -> list[int] | None:
    """The uses without those few that need a parameter only for themselves."""
    for i, parameter in enumerate(made.parameters):
        if parameter.default is REQUIRED and len(made.arguments) > FEW:
            column = [row[i] for row in made.arguments]
            usual, count = Counter(column).most_common(1)[0]
            if len(column) - len(column) // FEW <= count < len(column):
                return [row for row, value in enumerate(column) if value == usual]
    return None


def _alike(uses: Sequence[Units]) -> Candidate:
    """The uses that have the shape of the first, also in the names that they read, and no other projections."""
    found = Candidate()
    projections: dict[int, Any] = {}
    for units in uses:
        shape = shape_of(units)
        if found.shapes and shape.key != found.shapes[0].key:
            continue
        own = {i: p.key for i, p in enumerate(shape.projections) if p}
        if all(projections.setdefault(i, key) == key for i, key in own.items()):
            found.uses.append(units)
            found.shapes.append(shape)
    return found


# ---- where candidates are ----


def _cores(units: Units, _: type) -> Iterator[tuple[int, int]]:
    """A convolution and the norms and activations behind it; or a norm, an activation and the convolution behind."""
    for start, unit in enumerate(units):
        if not isinstance(unit, Layer) or not (is_heavy(unit) or unit.word in NORMS):
            continue
        end, heavy = start, 0
        while end < len(units) and _is_core(units[end]) and heavy + is_heavy(units[end]) <= 1:
            heavy += is_heavy(units[end])
            end += 1
            length, last = end - start, units[end - 1]
            if heavy == 1 and (length > 2 or (length == 2 and is_heavy(unit) and word_of(last) not in NORMS[1:])):
                yield start, end
            if heavy and not is_heavy(unit):
                break


def _is_core(unit: Unit) -> bool:
    if not isinstance(unit, Layer) or unit.tensors:
        return False
    return "window" in dict(unit.leaves) if is_heavy(unit) else unit.word in NORMS or is_follower(unit)


def _gates(units: Units, height: int) -> Iterator[tuple[int, int]]:
    """Products of lanes, as high as that."""
    for i, unit in enumerate(units):
        if isinstance(unit, Lanes) and unit.word == "mul" and _height(unit) == height:
            yield i, i + 1


def _inner(units: Units, around: type, height: int) -> Iterator[tuple[int, int]]:
    """The same inside of merges and residuals."""
    return iter(()) if around is Body else _slices(units, around, height)


def _slices(units: Units, around: type, height: int) -> Iterator[tuple[int, int]]:
    """Rows with a merge or a residual that is so high, from the beginning of a line on, and with no block in them."""
    heights = [_height(unit) for unit in units]
    if height not in heights:
        return
    for start in range(len(units)):
        if start and not (is_heavy(units[start]) or word_of(units[start]) in NORMS):
            continue
        highest = plain = 0
        for end in range(start + 1, min(len(units), start + LONGEST) + 1):
            highest = max(highest, heights[end - 1])
            plain += heights[end - 1] == 0 and is_heavy(units[end - 1])
            if highest > height or (plain > 1 and around is Body) or (heights[end - 1] == 0 and is_block(units[end - 1])):
                break
            if highest == height:
                yield start, end


def _whole(units: Units, _: type) -> Iterator[tuple[int, int]]:
    """A row that is a line by itself."""
    if sum(map(is_heavy, units)) > 1 and not any(isinstance(unit, Layer) and unit.tensors for unit in units):
        yield 0, len(units)


def _rows(units: Units, _: type) -> Iterator[tuple[int, int]]:
    """Two or more lines that follow each other, and read no name."""
    begins = [is_heavy(unit) for unit in units]
    for start in range(len(units)):
        if start and not begins[start]:
            continue
        heavy = 0
        for end in range(start + 1, min(len(units), start + LONGEST) + 1):
            last = units[end - 1]
            if isinstance(last, Layer) and last.tensors:
                break
            heavy += begins[end - 1]
            if heavy > 1:
                yield start, end


def reads(unit: Unit) -> bool:
    """Whether a unit reads a value by its name."""
    return bool(shape_of((unit,)).outer)


def _is_grouped(unit: Unit) -> bool:
    return isinstance(unit, Layer) and dict(unit.leaves).get("groups", 1) != 1


def _is_periodic(key: tuple[Any, ...]) -> bool:
    n = len(key)
    return any(n % p == 0 and key == key[:p] * (n // p) for p in range(1, n // 2 + 1))


def _height(unit: Unit) -> int:
    """How deep merges and residuals stand in it."""
    inner = max((_height(u) for b in bodies_in(unit) for line in b.lines for u in line.units), default=0)
    return inner + isinstance(unit, Lanes | Residual | Knot)


def weight(units: Sequence[Unit], calls: Mapping[str, Sequence[Parameter]]) -> int:
    """About how many words units take."""
    total = 0
    for unit in units:
        match unit:
            case Layer():
                total += 2 + len(unit.tensors) + _words(unit, calls)
            case Lanes() | Residual() | Knot():
                total += 2 + sum(2 * max(len(body.lines), 1) - 1 + weight_of(body, calls) for body in bodies_in(unit))
            case Repeat() | Loop():
                total += 2 + weight(unit.units, calls)
    return total


def weight_of(body: Body, calls: Mapping[str, Sequence[Parameter]]) -> int:
    return sum(weight(line.units, calls) + len(line.keys) for line in body.lines)


def _words(layer: Layer, calls: Mapping[str, Sequence[Parameter]]) -> int:
    if layer.word in ("scan", "split") or not layer.leaves:
        return len(layer.leaves[:1])
    parameters = calls[layer.word] if layer.word in calls else parameters_of(layer.word)
    return len(arguments(parameters, layer.leaves))


# ---- repetition ----


def doubled(units: Units) -> Units:
    """Single units that follow each other several times said once."""
    return repeated(units, 1)


def blocks_doubled(units: Units) -> Units:
    """The same, of calls of blocks only."""
    return repeated(units, 1, is_block)


def repeated(units: Units, longest: int = LONGEST, counts: Callable[[Unit], bool] = is_heavy) -> Units:
    """Units with those that follow each other several times said once.

    At each place the period that covers most is taken, of these the shortest.
    """
    marks = [(shape.key, shape.values) for shape in (shape_of((unit,)) for unit in units)]
    found: list[Unit] = []
    i = 0
    while i < len(units):
        period, times = (1, 1) if isinstance(units[i], Repeat) and longest == 1 else _repetition(marks, i, longest)
        inner = units[i : i + period]
        stays = period == 1 or _stays(inner)
        if times > 1 and stays and any(map(counts, inner)) and not _begins_later(units, marks, i, period, times):
            found.append(Repeat(inner, times, passage_of(units[i : i + period * times])))
            i += period * times
        else:
            found.append(units[i])
            i += 1
    return tuple(found)


def _repetition(marks: Sequence[Any], start: int, longest: int) -> tuple[int, int]:
    best = (1, 1)
    for period in range(1, min(longest, (len(marks) - start) // 2) + 1):
        first = marks[start : start + period]
        times = 1
        while marks[start + times * period : start + (times + 1) * period] == first:
            times += 1
        if times > 1 and times * period > best[0] * best[1]:
            best = (period, times)
    return best


def _stays(units: Units) -> bool:
    """Whether units keep the positions, so that no shape is hidden where they are said once."""
    passage = passage_of(units)
    if passage is None or passage.takes.vocabulary is not None:
        return True
    return passage.takes.positions == passage.gives.positions


def _begins_later(units: Units, marks: Sequence[Any], start: int, period: int, times: int) -> bool:
    """Whether the same repetition is there one unit further on, and begins a line there."""
    end = start + period * times
    return not is_heavy(units[start]) and end < len(marks) and marks[end] == marks[start]


def chains(body: Body, around: type = Body) -> Iterator[tuple[Units, type]]:
    """The units of all lines, the inner ones first, and in what kind of unit they stand."""
    for line in body.lines:
        for unit in line.units:
            for inner in bodies_in(unit):
                yield from chains(inner, around if isinstance(unit, Repeat | Loop) else type(unit))
        if line.units:
            yield line.units, around


def changed(body: Body, change: Change) -> Body:
    """The body with all its rows of units changed, the inner ones first."""
    lines = tuple(replace(line, units=change(tuple(_inside(u, change) for u in line.units))) for line in body.lines)
    return Body(lines) if lines != body.lines or any(a.units is not b.units for a, b in zip(lines, body.lines)) else body


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
        case Repeat(units=units) | Loop(units=units):
            return replace(unit, units=changed(Body((Line(units),)), change).lines[0].units)
