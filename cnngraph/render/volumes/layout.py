"""Where volumes stand on the page: the columns and lanes of the grid in points, (0, 0) in the left upper corner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from cnngraph.render.volumes.grid import Grid, Pair, Way, grid
from cnngraph.render.volumes.scene import text_width
from cnngraph.render.volumes.solid import Scale, Solid
from cnngraph.render.volumes.volume import Volumes

Stretch: TypeAlias = tuple[float, float]

GAP, ROOM = 26.0, 12.0  # between columns, and around the words in between
TURN = 20.0  # for a link that goes over to another lane
LINE = 12.0  # from one line of words to the next
TRACK = 10.0  # from one skip above a lane to the next
BETWEEN = 18.0  # between lanes
GROUP = 22.0  # for the name of a block below its volumes
SMALL = 8.5  # size of the words beside windows


@dataclass(frozen=True)
class Place:
    """The left upper corner of the rectangle around a volume's box, and the upper end of the words below it."""

    x: float
    y: float
    solid: Solid
    words: float

    @property
    def middle(self) -> float:
        """The y at which links come and leave."""
        return self.y + self.solid.size[1] / 2

    @property
    def right(self) -> float:
        return self.x + self.solid.size[0]

    @property
    def bottom(self) -> float:
        return self.y + self.solid.size[1]


@dataclass(frozen=True)
class Layout:
    """The places of all volumes, the left and right end of each column and of the room for words before it, and the y
    of each skip above a lane.
    """

    shown: Volumes
    grid: Grid
    places: Mapping[str, Place]
    columns: tuple[Stretch, ...]
    gaps: tuple[Stretch, ...]
    tracks: Mapping[Pair, float]
    width: float
    height: float

    def foot(self, name: str) -> float:
        """The lower end of all that belongs to a volume: its words, and the name of its block."""
        return self.words_end(name) + 4 + (GROUP if name in self.shown.grouped else 0.0)

    def words_end(self, name: str) -> float:
        """The lower end of the words of a volume."""
        return self.places[name].words + LINE * len(self.shown.by_name[name].words)

    def has_window(self, pair: Pair) -> bool:
        """Whether a link is drawn as a window that looks at a unit: from one body to the next in its lane."""
        forms = {self.places[name].solid.form for name in pair}
        is_next = self.grid.ways[pair] == "next"
        return is_next and bool(self.shown.by_name[pair[1]].kernel) and not forms & {"bar", "sign"}


def lay_out(shown: Volumes) -> Layout:
    """The layout of all volumes; no two overlap, and no words of one reach into the column of another.

    Windows that are not drawn are told in the words below a volume.
    """
    places = grid(shown)
    layout = _Laying(shown, places).layout()
    drawn = {pair[1] for pair in shown.links if layout.has_window(pair)}
    told = tuple(item if item.name in drawn else item.telling_window() for item in shown.items)
    return _Laying(replace(shown, items=told), places).layout()


@dataclass(frozen=True)
class _Laying:
    shown: Volumes
    grid: Grid

    def layout(self) -> Layout:
        gaps, columns = zip(*self._column_ends(), strict=True)
        middle = dict(self._middles())
        places = {name: self._place(name, solid, columns, middle) for name, solid in self.solids.items()}
        tracks = {
            pair: middle[lane] - self._half[lane] - 4 - TRACK * (1 + track)
            for pair, track in self.grid.tracks.items()
            for lane in [self.grid.lane[pair[0]]]
        }
        height = max(middle[lane] + self._below[lane] for lane in middle)
        return Layout(self.shown, self.grid, places, columns, gaps, tracks, columns[-1][1], height)

    def _place(self, name: str, solid: Solid, columns: Sequence[Stretch], middle: Mapping[int, float]) -> Place:
        width, height = solid.size
        x, y = sum(columns[self.grid.column[name]]) / 2, middle[self.grid.lane[name]]
        return Place(x - width / 2, y - height / 2, solid, y + self._reach[name])

    @cached_property
    def solids(self) -> Mapping[str, Solid]:
        scale = Scale.of(self.shown.items)
        return {item.name: scale.solid(item) for item in self.shown.items}

    def _column_ends(self) -> Iterator[tuple[Stretch, Stretch]]:
        """From the left: the room for words before each column, and the column."""
        x = 0.0
        for column in range(max(self.grid.column.values()) + 1):
            here = [item for item in self.shown.items if self.grid.column[item.name] == column]
            windows = [text_width(item.window, SMALL) + ROOM for item in here if item.kernel]
            left = x + (TURN if self._turns("early", column - 1, 0) else 0.0)
            right = left + (max([GAP, *windows]) if column else 0.0)
            x = right + (TURN if self._turns("late", column, 1) else 0.0)
            words = [text_width(line, bold=True) for item in here for line in item.words]
            width = max([*words, *(self.solids[item.name].size[0] for item in here)], default=0.0)
            yield (left, right), (x, x + width)
            x += width

    def _turns(self, way: Way, column: int, end: int) -> bool:
        """Whether a link goes over to another lane beside a column, at which it begins (0) or ends (1)."""
        return any(found == way and self.grid.column[pair[end]] == column for pair, found in self.grid.ways.items())

    def _middles(self) -> Iterator[tuple[int, float]]:
        y = 0.0
        for lane in sorted(self._half):
            tracks = [track + 1 for pair, track in self.grid.tracks.items() if self.grid.lane[pair[0]] == lane]
            y += self._half[lane] + (4 + TRACK * max(tracks) if tracks else 0.0)
            yield lane, y
            y += self._below[lane] + BETWEEN

    @cached_property
    def _half(self) -> Mapping[int, float]:
        """Half of the tallest volume of each lane."""
        found: dict[int, float] = {}
        for name, solid in self.solids.items():
            lane = self.grid.lane[name]
            found[lane] = max(found.get(lane, 0.0), solid.size[1] / 2)
        return found

    @cached_property
    def _reach(self) -> Mapping[str, float]:
        """How far below the middle of its lane the words of a volume begin; those of a vector not beside a longer
        neighbour, since all of the one is joined to all of the other.
        """
        half = {name: solid.size[1] / 2 for name, solid in self.solids.items()}
        beside: dict[str, list[str]] = {name: [name] for name in half}
        for source, target in (pair for pair, way in self.grid.ways.items() if way == "next"):
            beside[source].append(target)
            beside[target].append(source)
        is_bar = {name: solid.form == "bar" for name, solid in self.solids.items()}
        return {name: max(half[other] for other in (near if is_bar[name] else [name])) for name, near in beside.items()}

    @cached_property
    def _below(self) -> Mapping[int, float]:
        """What each lane needs below its middle: half of each volume with its words, and the names of blocks."""
        found: dict[int, float] = {}
        for item in self.shown.items:
            lane, named = self.grid.lane[item.name], GROUP if item.name in self.shown.grouped else 0.0
            need = self._reach[item.name] + LINE * len(item.words) + 4 + named
            found[lane] = max(found.get(lane, 0.0), need)
        return found
