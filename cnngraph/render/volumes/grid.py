"""Columns and lanes of volumes, as whole numbers, before any length is known.

    image  conv1  pool1 -+- conv -------- concat      the longest way is one lane,
                         +- conv - conv -/            shorter ones stand above and below it

A network that goes down to small maps and up again, with skips across (U-Net), has a lane for each size of maps
instead, and steps from one to the other within a column, so that it stands in the shape of a U.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import log2
from typing import Literal, TypeAlias

from cnngraph.render.volumes.volume import Volumes

Pair: TypeAlias = tuple[str, str]
Way: TypeAlias = Literal["next", "straight", "late", "early", "step", "above"]
HALVED = 0.6  # a size that falls by more than this part of a halving counts as halved
DEEP = 2  # levels down and up that make a U


@dataclass(frozen=True)
class Grid:
    """Where each volume stands (lanes count from the top), and how each link runs.

    next: to the next column, in one lane; straight: in one lane, past free columns; late: along the lane of its source
    and then over to the other; early: over at once; step: to another lane in the same column; above: above the lane of
    its source, where a lane is not free.
    `tracks` count what runs above a lane, from the lowest.
    """

    column: Mapping[str, int]
    lane: Mapping[str, int]
    ways: Mapping[Pair, Way]
    tracks: Mapping[Pair, int]


def grid(shown: Volumes) -> Grid:
    """The grid of all volumes; no two stand in one place."""
    return _Laying(shown).grid()


@dataclass(frozen=True)
class _Laying:
    shown: Volumes

    def grid(self) -> Grid:
        ways = {pair: self._way(*pair) for pair in self.shown.links}
        columns = {name: column for name, (column, _) in self._places.items()}
        lanes = {name: lane for name, (_, lane) in self._places.items()}
        return Grid(columns, lanes, ways, self._tracks([pair for pair, way in ways.items() if way == "above"]))

    @cached_property
    def _places(self) -> Mapping[str, tuple[int, int]]:
        """The column and the lane of each volume; lanes are counted from the top."""
        chosen = self._in_a_u() or self._side_by_side()
        order = sorted({lane for _, lane in chosen.values()})
        return {name: (column, order.index(lane)) for name, (column, lane) in chosen.items()}

    @cached_property
    def before(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {item.name: [] for item in self.shown.items}
        for source, target in self.shown.links:
            found[target].append(source)
        return found

    @cached_property
    def after(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {item.name: [] for item in self.shown.items}
        for source, target in self.shown.links:
            found[source].append(target)
        return found

    @cached_property
    def columns(self) -> Mapping[str, int]:
        """The longest way from an input; what reads nothing stands right before its first reader."""
        found: dict[str, int] = {}
        left = [item.name for item in self.shown.items]
        while left:
            ready = (name for name in left if all(source in found for source in self.before[name]))
            name = next(ready, left[0])  # of blocks that read each other, the first
            found[name] = max((found[source] + 1 for source in self.before[name] if source in found), default=0)
            left.remove(name)
        starts = {name for name in found if not self.before[name] and self.after[name]}
        return found | {name: max(min(found[n] for n in self.after[name]) - 1, 0) for name in starts}

    @cached_property
    def _chains(self) -> list[list[str]]:
        """Every volume in one way: the longest of all, the longest through the rest, and so on."""
        left = sorted(self.columns, key=lambda name: self.columns[name])
        found = []
        while left:
            ways: dict[str, list[str]] = {}
            for name in left:
                ahead = [ways[source] for source in self.before[name] if source in ways]
                ways[name] = [*max(ahead, key=len, default=[]), name]
            found.append(max(ways.values(), key=len))
            left = [name for name in left if name not in found[-1]]
        return found

    def _side_by_side(self) -> dict[str, tuple[int, int]]:
        """A lane for each chain: the free one that is nearest to where it comes from or goes to, below before above."""
        lanes: dict[str, int] = {}
        taken: set[tuple[int, int]] = set()
        for chain in self._chains:
            ends = [name for name in (*self.before[chain[0]], *self.after[chain[-1]]) if name in lanes]
            beyond = [self.columns[name] for name in self.after[chain[-1]]]
            last = max([self.columns[chain[-1]], *(column - 1 for column in beyond)])
            span = range(self.columns[chain[0]], last + 1)
            lane = next(n for n in _around(lanes[ends[0]] if ends else 0) if not any((n, c) in taken for c in span))
            taken |= {(lane, column) for column in span}
            lanes |= dict.fromkeys(chain, lane)
        return {name: (self.columns[name], lane) for name, lane in lanes.items()}

    def _in_a_u(self) -> dict[str, tuple[int, int]] | None:
        """A lane for each level, where the longest way goes down and up again and skips lead across; else None."""
        levels = self._levels()
        way = [levels[name] for name in self._chains[0]]
        turn = way.index(max(way))
        down, up = way[: turn + 1], way[turn:]
        is_u = all(a <= b for a, b in pairwise(down)) and all(a >= b for a, b in pairwise(up))
        is_deep = way[turn] - way[0] >= DEEP and way[turn] - up[-1] >= DEEP
        lowest = self.columns[self._chains[0][turn]]
        across = any(self.columns[a] < lowest < self.columns[b] for a, b in self.shown.links)
        places = {name: (column, levels[name]) for name, column in self._stepping(levels).items()}
        return places if is_u and is_deep and across and len(set(places.values())) == len(places) else None

    def _stepping(self, levels: Mapping[str, int]) -> dict[str, int]:
        """Columns in which a volume stands below or above the one before it, where the level changes."""
        found: dict[str, int] = {}
        for name in sorted(self.columns, key=lambda name: self.columns[name]):
            steps = ((source, levels[source] == levels[name]) for source in self.before[name] if source in found)
            found[name] = max((found[source] + is_next for source, is_next in steps), default=self.columns[name])
        return found

    def _levels(self) -> dict[str, int]:
        """How often the maps were halved on the way to each volume; less those times that they were doubled."""
        found: dict[str, int] = {}
        for name in sorted(self.columns, key=lambda name: self.columns[name]):
            sources = [source for source in self.before[name] if source in found]
            way = [source for source in sources if self.columns[source] == self.columns[name] - 1] or sources
            found[name] = found[way[0]] + self._halvings(way[0], name) if way else 0
        return found

    def _halvings(self, source: str, target: str) -> int:
        a, b = self.shown.by_name[source], self.shown.by_name[target]
        if len(a.positions) < 2 or len(a.positions) != len(b.positions):
            return 0
        falls = log2(a.positions[-1] / b.positions[-1])
        return int(abs(falls) + 1 - HALVED) * (1 if falls > 0 else -1)

    def _way(self, source: str, target: str) -> Way:
        (first, here), (last, there) = self._places[source], self._places[target]
        if here == there and last == first + 1:
            return "next"
        between = range(min(here, there) + 1, max(here, there))
        if first == last and not any((first, lane) in self._taken for lane in between):
            return "step"
        if first < last and self._is_free(here, first + 1, last):
            return "late" if here != there else "straight"
        return "early" if first < last and self._is_free(there, first + 1, last) and here != there else "above"

    def _is_free(self, lane: int, first: int, last: int) -> bool:
        return not any((column, lane) in self._taken for column in range(first, last))

    @cached_property
    def _taken(self) -> frozenset[tuple[int, int]]:
        return frozenset(self._places.values())

    def _tracks(self, pairs: list[Pair]) -> dict[Pair, int]:
        """Short skips lie below long ones; those of one track do not meet."""
        spans = {pair: sorted(self._places[name][0] for name in pair) for pair in pairs}
        found: dict[Pair, int] = {}
        for pair in sorted(spans, key=lambda pair: (spans[pair][1] - spans[pair][0], spans[pair])):
            lane, (first, last) = self._places[pair[0]][1], spans[pair]
            met = {
                track
                for other, track in found.items()
                if self._places[other[0]][1] == lane and spans[other][0] < last and first < spans[other][1]
            }
            found[pair] = next(track for track in range(len(met) + 1) if track not in met)
        return found


def _around(lane: int) -> Iterator[int]:
    """The lanes from the nearest on: itself, the one below, the one above, the second below ..."""
    yield lane
    step = 1
    while True:
        yield lane + step
        yield lane - step
        step += 1
