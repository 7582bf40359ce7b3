"""Units that follow each other several times, said once: `unit(64) * 3`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cnngraph.interop.readable.changes import changed
from cnngraph.interop.readable.grouping import is_block, is_heavy
from cnngraph.interop.readable.rows import LONGEST
from cnngraph.interop.readable.shapes import shape_of
from cnngraph.interop.readable.terms import Body, Line, Repeat, Unit, Units, passage_of


def doubled(units: Units) -> Units:
    """Single units that follow each other several times said once."""
    return repeated(units, 1)


def doubled_inside(units: Units) -> Units:
    """The same, also in all lines inside the units."""
    return changed(Body((Line(units),)), doubled).lines[0].units


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
