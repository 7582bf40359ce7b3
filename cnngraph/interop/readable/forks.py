"""Several results that all start from one value, as a fork: `fork { | class: ... | box: ... }`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cnngraph.interop.readable.terms import IT, Body, Key, Lanes, Layer, Line, keys_read

LONGEST = 8  # units of a lane


def forked(body: Body, results: Sequence[Key]) -> Body:
    """The body with its last lines as a fork, if they are its results in order, short, and from the value above."""
    before, last = body.lines[: -len(results)], body.lines[-len(results) :]
    if len(results) < 2 or [line.keys for line in last] != [(key,) for key in results]:
        return body
    above = before[-1].keys[0] if before and before[-1].moves and before[-1].keys else IT
    short = all(len(line.units) <= LONGEST and all(isinstance(unit, Layer) for unit in line.units) for line in last)
    if not before or not before[-1].moves or not short or not _all_start_from(last, above):
        return body
    lanes = tuple(Body((replace(line, source=IT, moves=True),)) for line in last)
    lines = (*before, Line((Lanes("fork", lanes),)))
    read = {key for line in lines for key in keys_read(line)}
    return Body(tuple(_without_key(line) if above in line.keys and above not in read else line for line in lines))


def _all_start_from(lines: Sequence[Line], value: Key) -> bool:
    """Whether lines start from the value above them, and read no result of each other."""
    moved = False
    for line in lines:
        if line.source != value and (line.source != IT or moved):
            return False
        moved = moved or line.moves
    own = {key for line in lines for key in line.keys}
    return not any(own & set(_inside(line)) for line in lines)


def _inside(line: Line) -> Iterator[Key]:
    yield from keys_read(replace(line, source=IT))


def _without_key(line: Line) -> Line:
    return replace(line, keys=())

