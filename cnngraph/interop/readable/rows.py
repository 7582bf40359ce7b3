"""Where blocks may begin and end: rows of units that a person would give a name to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from cnngraph.interop.readable.grouping import NORMS, is_block, is_follower, is_heavy, word_of
from cnngraph.interop.readable.shapes import shape_of
from cnngraph.interop.readable.terms import IT, Body, Knot, Lanes, Layer, Residual, Unit, Units, bodies_in

LONGEST = 24

Place: TypeAlias = tuple[int, int]
"""The first unit of a row, and the one behind its last."""


def cores(units: Units, _: type) -> Iterator[Place]:
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


def gates(units: Units, _: type, height: int) -> Iterator[Place]:
    """Products of lanes, as high as that."""
    for i, unit in enumerate(units):
        if isinstance(unit, Lanes) and unit.word == "mul" and height_of(unit) == height:
            yield i, i + 1


def inner(units: Units, around: type, height: int) -> Iterator[Place]:
    """The same inside of merges and residuals."""
    return iter(()) if around is Body else slices(units, around, height)


def slices(units: Units, around: type, height: int) -> Iterator[Place]:
    """Rows with a merge or a residual that is so high, from the beginning of a line on, and with no block in them."""
    heights = [height_of(unit) for unit in units]
    if height not in heights:
        return
    for start in range(len(units)):
        if start and not (is_heavy(units[start]) or word_of(units[start]) in NORMS):
            continue
        highest = plain = 0
        for end in range(start + 1, min(len(units), start + LONGEST) + 1):
            last, is_low = units[end - 1], heights[end - 1] == 0
            highest = max(highest, heights[end - 1])
            plain += is_low and is_heavy(last)
            if highest > height or (plain > 1 and around is Body) or (is_low and is_block(last)):
                break
            if highest == height:
                yield start, end


def whole(units: Units, _: type) -> Iterator[Place]:
    """A row that is a line by itself."""
    if sum(map(is_heavy, units)) > 1 and not any(isinstance(unit, Layer) and unit.tensors for unit in units):
        yield 0, len(units)


def rows(units: Units, _: type) -> Iterator[Place]:
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


def takes_above(unit: Unit) -> bool:
    """Whether a unit reads the line above beside the value that its line starts from: `concat(skip, it)`."""
    return isinstance(unit, Layer) and IT in unit.tensors


def is_grouped(unit: Unit) -> bool:
    return isinstance(unit, Layer) and dict(unit.leaves).get("groups", 1) != 1


def is_periodic(key: tuple[Any, ...]) -> bool:
    n = len(key)
    return any(n % p == 0 and key == key[:p] * (n // p) for p in range(1, n // 2 + 1))


def height_of(unit: Unit) -> int:
    """How deep merges and residuals stand in it."""
    inner = max((height_of(u) for b in bodies_in(unit) for line in b.lines for u in line.units), default=0)
    return inner + isinstance(unit, Lanes | Residual | Knot)
