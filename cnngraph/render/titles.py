"""Titles of frames where no arrow crosses them.

An engine puts a title at the left end of the top of its frame, whatever arrows come in there. So a picture is laid out,
titles that are crossed are moved to the first free place to their right, frames without any are made wider, and it is
laid out again until all titles are free.

    +- conv2 | ---+        +- | conv2 ----+
    |        v    |   ->   |  v           |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from cnngraph.render.layout import Layout, Words, between, laid_out

CLEAR = 3.0  # points between a title and an arrow
ROUNDS = 8


@dataclass(frozen=True)
class Room:
    """Free points on both sides of a title."""

    left: int = 0
    right: int = 0


def find_rooms(source_of: Callable[[Mapping[str, Room]], str], rounds: int = ROUNDS) -> Mapping[str, Room]:
    """The rooms of the titles of frames, by the name of the frame; `source_of` writes the picture with some rooms."""
    rooms: dict[str, Room] = {}
    for _ in range(rounds):
        moved = dict(_moved(laid_out(source_of(rooms)), rooms))
        if not moved:
            break
        rooms |= moved
    return rooms


def _moved(layout: Layout, rooms: Mapping[str, Room]) -> Iterator[tuple[str, Room]]:
    for name, (_, right) in layout.frames.items():
        for title in layout.words[name]:
            room = rooms.get(name, Room())
            taken = sorted(_taken(layout, title))
            if any(left < title.right and title.left < end for left, end in taken):
                start = title.left - room.left
                place = _free(taken, start, right - (start - layout.frames[name][0]), title.width)
                yield name, _at(place, start, title, room)


def _at(place: float | None, start: float, title: Words, room: Room) -> Room:
    """The room of a title at a free place; where there is none, a wider one with the title at its left."""
    whole = room.left + room.right
    if place is None:
        return Room(0, whole + ceil(title.width / 2 + 2 * CLEAR))
    left = ceil(place - start)
    return Room(left, max(whole - left, 0))


def _taken(layout: Layout, title: Words) -> Iterator[tuple[float, float]]:
    """What arrows take of the height of a title."""
    for line in layout.lines:
        if crossed := between(line.points, title.bottom - CLEAR / 2, title.top + CLEAR / 2):
            yield crossed[0] - CLEAR, crossed[1] + CLEAR


def _free(taken: list[tuple[float, float]], start: float, end: float, width: float) -> float | None:
    """The first place of that width between what is taken."""
    for left, right in taken:
        if left - start >= width:
            break
        start = max(start, right)
    return start if end - start >= width else None
