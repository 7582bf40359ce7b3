"""Names for values, by what they are used for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from cnngraph.interop.readable.leaves import CellKey
from cnngraph.interop.readable.terms import IT, Body, Key, Layer, Line, bodies_in
from cnngraph.ir.registry import registry

States: TypeAlias = Mapping[CellKey, Sequence[str]]


def names_of(body: Body, known: Mapping[Key, str], taken: set[str], states: States | None = None) -> dict[Key, str]:
    """A name for each value of a body that has a key, beside those that are known. `states` are those of cells."""
    names = dict(known)
    roles = dict(_roles(body))
    for line in _lines(body):
        parts = _parts(line, states or {})
        for i, key in enumerate(line.keys):
            if key != "_" and key not in names:
                role = roles.get(key, "features" if line.moves else "x")
                role = "x" if role == "skip" and not line.moves and line.source != IT else role
                names[key] = numbered(parts[i] if parts and role in ("x", "features", "skip") else role, taken)
    return names


def _parts(line: Line, states: States) -> Sequence[str]:
    """What the values of a line with several are called: the two parts of a split, the states of a cell."""
    last = line.units[-1] if line.units else None
    if not isinstance(last, Layer) or len(line.keys) < 2:
        return ()
    if last.word == "scan":
        return ("sequence", *states.get(dict(last.leaves)["cell"], ["state"] * (len(line.keys) - 1)))
    return ("left", "right") if len(line.keys) == 2 else [f"part{i + 1}" for i in range(len(line.keys))]


def numbered(word: str, taken: set[str]) -> str:
    """The word, or `word2`, `word3`, ...: the first that is not taken; from now on it is."""
    found = next(name for name in (word, *(f"{word}{i}" for i in range(2, len(taken) + 3))) if name not in taken)
    taken.add(found)
    return found


def _lines(body: Body) -> Iterator[Line]:
    for line in body.lines:
        for unit in line.units:
            for inner in bodies_in(unit):
                yield from _lines(inner)
        yield line


def _roles(body: Body) -> Iterator[tuple[Key, str]]:
    """What each value is to the last layer that reads it: the name of its operand."""
    for line in _lines(body):
        first = line.units[0] if line.units else None
        if line.source != IT:
            yield line.source, "features"
        if line.source != IT and isinstance(first, Layer):
            yield from _operand(first, 0, line.source)
        for unit in line.units:
            if isinstance(unit, Layer):
                for i, key in enumerate(unit.tensors):
                    yield from _operand(unit, i + 1, key)


def _operand(layer: Layer, place: int, key: Key) -> Iterator[tuple[Key, str]]:
    op = registry().get(layer.word)
    if op is None or key == IT or not isinstance(op.operands, tuple):
        return
    if op.variadic:
        yield key, "skip"
    elif len(op.operands) > 1 and place < len(op.operands):
        yield key, op.operands[place]
