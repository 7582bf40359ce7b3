"""Blocks: units of one shape that occur several times are written once, where that makes the file shorter.

From the inside out: single layers with what follows them, then merges and residuals, the inner ones first, then rows
of all these. Of all candidates the one that saves most words is taken, again and again, until none saves any.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

from cnngraph.interop.readable.changes import Change, chains, changed
from cnngraph.interop.readable.fit import Fitted, fitted
from cnngraph.interop.readable.grouping import is_heavy, word_of
from cnngraph.interop.readable.layer_text import REQUIRED, Parameter
from cnngraph.interop.readable.repetition import blocks_doubled, doubled, doubled_inside, repeated
from cnngraph.interop.readable.rows import (
    Place,
    cores,
    gates,
    height_of,
    inner,
    is_grouped,
    is_periodic,
    reads,
    rows,
    slices,
    takes_above,
    whole,
)
from cnngraph.interop.readable.shapes import Shape, shape_of
from cnngraph.interop.readable.terms import Body, Key, Knot, Layer, Residual, Unit, Units, passage_of
from cnngraph.interop.readable.weights import weight

Rows: TypeAlias = Callable[[Units, type], Iterator[Place]]
Calls: TypeAlias = dict[tuple[Any, Any], Layer]
"""The call for each row that a block stands for."""

HEADER = 6  # words of `block name() { }`
LEAST = 6  # words of the shortest body
FEW = 4


@dataclass(frozen=True)
class Bar:
    """What a block has to save, in words, and how many uses it needs at least."""

    saved: int
    fewest: int = 2
    is_block: bool = True  # more than a layer with what follows it


CORES = Bar(0, is_block=False)
BLOCKS = Bar(9)
ROWS = Bar(18, fewest=3)


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
        """Make all blocks that are worth it, and say once what follows itself."""
        self._rounds(cores, CORES)
        self.with_groups = True
        self._keys.clear()
        for height in range(1, max((height_of(unit) for unit in self._units()), default=0) + 1):
            for rows_of in (gates, inner):
                self._rounds(partial(rows_of, height=height), BLOCKS)
            self._rounds(partial(slices, height=height), BLOCKS, inner=True)
        self.change(doubled)
        self._rounds(whole, BLOCKS)
        self._rounds(rows, ROWS)
        self.change(repeated)
        self.blocks = {name: replace(block, units=doubled_inside(block.units)) for name, block in self.blocks.items()}

    def change(self, change: Change) -> None:
        self.bodies = [changed(body, change) for body in self.bodies]

    # ---- candidates ----

    def _rounds(self, rows_of: Rows, bar: Bar, inner: bool = False) -> None:
        """The best block of these rows, again and again; with `inner` also rows that stand in residuals."""
        while (best := self._best(rows_of, bar, inner)) is not None:
            self._make(*best, bar.is_block)

    def _best(self, rows_of: Rows, bar: Bar, inner: bool) -> tuple[Candidate, Fitted] | None:
        candidates = self._candidates(rows_of) | (self._inner_rows() if inner else {})
        many = {key: uses for key, uses in candidates.items() if len(uses) >= bar.fewest}
        bound = {key: (len(uses) - 1) * weight(uses[0], self.calls) for key, uses in many.items()}
        best: tuple[Candidate, Fitted] | None = None
        most = bar.saved
        for key in sorted(bound, key=lambda key: -bound[key]):
            if bound[key] <= most:
                break
            for candidate, made in self._fits(_alike(many[key]), bar.fewest):
                saved = self._saved(candidate, made)
                if saved > most and weight(made.units, self.calls) >= LEAST:
                    most, best = saved, (candidate, made)
        return best

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

    def _candidates(self, rows_of: Rows) -> dict[Any, list[Units]]:
        """The rows by their shapes; of those that overlap, the first."""
        found: dict[Any, list[Units]] = defaultdict(list)
        for units, around in self._chains():
            ends: dict[Any, int] = {}
            keys = [self._key(unit) for unit in units]
            for start, end in rows_of(units, around):
                key = tuple(keys[start:end])
                if (around is Knot and any(map(reads, units[start:end]))) or (start == 0 and takes_above(units[0])):
                    continue
                if is_periodic(key) or ends.get(key, 0) > start:
                    continue
                ends[key] = end
                found[key].append(units[start:end])
        return found

    def _inner_rows(self) -> dict[Any, list[Units]]:
        """Rows of layers that stand in residuals and outside of them too."""
        found = self._candidates(rows)
        around: dict[Any, set[type]] = defaultdict(set)
        for units, kind in self._chains():
            keys = tuple(self._key(unit) for unit in units)
            for start, end in rows(units, kind):
                around[keys[start:end]].add(kind)
        return {key: uses for key, uses in found.items() if Residual in around[key] and len(around[key]) > 1}

    def _key(self, unit: Unit) -> int:
        """A number for the shape of a unit."""
        known = self._keys.get(id(unit))
        if known is None:
            marked = (shape_of((unit,)).key, self.with_groups and is_grouped(unit))
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
        calls: int = sum(
            2 + len(candidate.shapes[0].outer) + sum(v != p.default for v, p in zip(row, made.parameters, strict=True))
            for row in made.arguments
        )
        return inline - calls - weight(made.units, self.calls) - HEADER - len(made.parameters)

    # ---- calls ----

    def _make(self, uses: Candidate, made: Fitted, is_block: bool) -> None:
        name = self.namer(uses.uses[0])
        self.blocks[name] = Block(name, made.parameters, made.units, tuple(uses.shapes[0].outer), made.channels)
        self.calls[name] = made.parameters
        calls: Calls = {}
        for units, shape, values in zip(uses.uses, uses.shapes, made.arguments, strict=True):
            leaves = tuple((p.name, v) for p, v in zip(made.parameters, values, strict=True))
            weighs = any(map(is_heavy, units))
            calls[shape.key, shape.values] = Layer(name, leaves, tuple(shape.outer), weighs, is_block)
        self.change(lambda units: _with_calls(units, calls, uses.uses[0]))
        if is_block:
            self.change(blocks_doubled)


def _with_calls(units: Units, calls: Calls, model: Units) -> Units:
    """The units with a call for each row that has one; such rows look like the model."""
    found: list[Unit] = []
    i = 0
    while i < len(units):
        part = units[i : i + len(model)]
        call = calls.get(_told(part)) if _may_be(part, model) else None
        found.append(replace(call, passage=passage_of(part)) if call else units[i])
        i += len(model) if call else 1
    return tuple(found)


def _told(units: Units) -> tuple[Any, Any]:
    shape = shape_of(units)
    return shape.key, shape.values


def _may_be(units: Units, model: Units) -> bool:
    same = (type(a) is type(b) and word_of(a) == word_of(b) for a, b in zip(units, model, strict=False))
    return len(units) == len(model) and all(same)


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
