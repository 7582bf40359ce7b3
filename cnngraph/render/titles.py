"""Titles of frames where no arrow crosses them.

An engine puts a title at the left end of the top of its frame, whatever arrows come in there. So a picture is laid out,
titles that are crossed are moved to the first free place to their right, which may make their frame wider, and it is
laid out again until all titles are free. So are frames whose border crosses the words beside an arrow. Where an arrow
makes a bow around its words, or another one crosses them, they move into the box that it leaves.

    +- conv2 | ---+        +- | conv2 ----+
    |        v    |   ->   |  v           |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from cnngraph.render.layout import Frame, Layout, Line, Words, between, laid_out

CLEAR = 3.0  # points between a title and an arrow
BOW = 6.0  # points that an arrow may leave the straight way
ROUNDS = 12
CORNERS = (("t", "l"), ("b", "l"), ("t", "r"), ("b", "r"))  # top and bottom, left and right


@dataclass(frozen=True)
class Room:
    """Free points on both sides of a title, and around what stands in its frame; and the corner of the title.

    Of a box: whether the shape of its result stands inside.
    """

    left: int = 0
    right: int = 0
    around: int = 0
    corner: tuple[str, str] = CORNERS[0]
    inside: bool = False


def find_rooms(
    source_of: Callable[[Mapping[str, Room]], str], sideways: bool = False, rounds: int = ROUNDS
) -> Mapping[str, Room]:
    """The rooms of frames by their names; `source_of` writes the picture with some rooms.

    Where arrows go `sideways`, one that crosses a title crosses most of the frame: then the next corner is tried.
    """
    rooms: dict[str, Room] = {}
    for _ in range(rounds):
        moved = dict(_moved(laid_out(source_of(rooms)), rooms, sideways))
        if all(rooms.get(name) == room for name, room in moved.items()):
            break
        rooms |= moved
    return rooms


def _moved(layout: Layout, rooms: Mapping[str, Room], sideways: bool) -> Iterator[tuple[str, Room]]:
    """Frames whose titles are crossed or whose borders cross words, and boxes that words move into: with new rooms."""
    for name, frame in layout.frames.items():
        for title in layout.words[name]:
            room = rooms.get(name, Room())
            taken = sorted(_taken(layout, title, frame))
            if any(begin < title.right and title.left < end for begin, end in taken):
                yield name, _better(taken, title, frame, room, sideways)
            elif more := _sticking_out(layout, frame):
                yield name, replace(room, around=room.around + ceil(more))
    for line in layout.lines:
        if len(line.words) == 1 and (_is_bent(layout, line, sideways) or _is_crossed(layout, line)):
            yield line.source, Room(inside=True)


def _is_bent(layout: Layout, line: Line, sideways: bool) -> bool:
    """Whether an arrow makes a bow around the words beside it."""
    axis = int(sideways)
    ends = [layout.middles[end][axis] for end in (line.source, line.target)]
    return not min(ends) - BOW <= line.points[len(line.points) // 2][axis] <= max(ends) + BOW


def _is_crossed(layout: Layout, line: Line) -> bool:
    """Whether another arrow crosses the words beside an arrow."""
    words = line.words[0]
    crossings = (between(other.points, words.bottom, words.top) for other in layout.lines if other is not line)
    return any(crossing and crossing[0] < words.right and crossing[1] > words.left for crossing in crossings)


def _better(
    taken: Sequence[tuple[float, float]], title: Words, frame: Frame, room: Room, sideways: bool
) -> Room:
    """A room that puts the title between what is taken, behind it in a wider frame, or else in the next corner."""
    start = title.left - room.left
    end = frame.right - (start - frame.left)
    place, behind = _free(taken, start, end, title.width), max(right for _, right in taken)
    if room.corner[1] == "r" or (place is None and (sideways or behind >= frame.right)):
        return Room(0, room.right, room.around, CORNERS[min(CORNERS.index(room.corner) + 1, len(CORNERS) - 1)])
    left, whole = ceil((behind if place is None else place) - start), room.left + room.right
    return replace(room, left=left, right=max(whole - left, 0))


def _sticking_out(layout: Layout, frame: Frame) -> float:
    """How far words beside arrows go over the border of the frame that they stand in."""
    found = [words for line in layout.lines for words in line.words if frame.bottom < words.bottom < frame.top]
    right = [words.right + CLEAR - frame.right for words in found if words.left < frame.right < words.right]
    left = [frame.left - words.left + CLEAR for words in found if words.left < frame.left < words.right]
    return max([*right, *left], default=0.0)


def _taken(layout: Layout, title: Words, frame: Frame) -> Iterator[tuple[float, float]]:
    """What arrows take of the height of a title in its frame."""
    for line in layout.lines:
        crossed = between(line.points, title.bottom - CLEAR / 2, title.top + CLEAR / 2)
        if crossed and crossed[0] < frame.right and crossed[1] > frame.left:
            yield crossed[0] - CLEAR, min(crossed[1] + CLEAR, frame.right)


def _free(taken: Sequence[tuple[float, float]], start: float, end: float, width: float) -> float | None:
    """The first place of that width between what is taken."""
    for left, right in taken:
        if left - start >= width:
            break
        start = max(start, right)
    return start if end - start >= width else None
