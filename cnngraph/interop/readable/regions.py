"""Which steps lie between a value and the step where its branches meet again, and how that is best written.

    closed      nothing inside is read outside
    lanes       closed, a merge, and each step inside leads to one of its operands only: `concat { | ... | ... }`
    knot        closed, but the branches share steps, or what joins them is no merge: lines with names
    neither     a skip over another resolution, as in U-Net: the text has a label, and `-> concat(label)`
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from cnngraph.interop.readable.dominators import ROOT, Dominators
from cnngraph.interop.readable.web import Value, Web
from cnngraph.ir.types import TensorType

MERGES = ("concat", "add", "mul", "max")
LARGEST = 400
LARGEST_KNOT = 80
DEEPEST = 12


@dataclass(frozen=True)
class Region:
    """What is inside the step `end`: the steps between it and `start`, the value they all come from.

    `start` is None where the branches start from several values of one step, `above`.
    """

    end: int
    above: int
    start: Value | None
    is_lanes: bool


@dataclass
class Regions:
    """The closed regions by the steps that end them; `home` says in which innermost one each step lies (ROOT: none)."""

    web: Web
    of: dict[int, Region] = field(default_factory=dict)
    home: list[int] = field(default_factory=list)
    depth: dict[int, int] = field(default_factory=dict)

    @staticmethod
    def in_web(web: Web) -> Regions:
        finder = _Finder(web)
        for end, step in enumerate(web.steps):
            if len(step.operands) > 1:
                finder.look_at(end)
        return finder.found

    def operands(self, step: int) -> tuple[Value, ...]:
        """What a step reads of the body that it stands in."""
        region = self.of.get(step)
        if region is None:
            return self.web.steps[step].operands
        if region.start is not None:
            return (region.start,)
        return (Value(region.above, min(self.web.steps[region.above].types)),)


class _Finder:
    def __init__(self, web: Web) -> None:
        self.web = web
        self.users = web.users()
        self.results = {value.step for value in web.results.values()}
        self.dominators = Dominators([[value.step for value in step.operands] for step in web.steps])
        self.found = Regions(web, home=[ROOT] * len(web.steps))

    def look_at(self, end: int) -> None:
        start, operands = self.dominators.of[end], self.web.steps[end].operands
        several = any(self.web.steps[value.step].count > 1 and value.step != start for value in operands)
        if start == ROOT or several or self.web.steps[end].count > 1:
            return
        lanes = [self._lane(value, start) for value in operands]
        inside = set().union(*lanes)
        depth = 1 + max((self.found.depth.get(step, 0) for step in inside), default=0)
        if len(inside) > LARGEST or depth > DEEPEST or not self._is_closed(inside, end):
            return
        word = self.web.steps[end].layer
        disjoint = len(inside) == sum(map(len, lanes))
        is_lanes = word is not None and word.word in MERGES and disjoint
        single = self.web.steps[start].count == 1
        if single and self._is_detour(inside, start, end):
            return
        if is_lanes:
            self._keep(Region(end, start, Value(start) if single else None, True), inside, depth)
        elif len(inside) <= LARGEST_KNOT and single and inside:
            self._keep(Region(end, start, Value(start), False), inside, depth)

    def _keep(self, region: Region, inside: Collection[int], depth: int) -> None:
        self.found.of[region.end] = region
        self.found.depth[region.end] = depth
        for step in inside:
            if self.found.home[step] == ROOT:
                self.found.home[step] = region.end

    def _lane(self, value: Value, start: int) -> set[int]:
        inside: set[int] = set()
        waiting = [value.step]
        while waiting and len(inside) <= LARGEST:
            step = waiting.pop()
            if step != start and step not in inside:
                inside.add(step)
                waiting += [operand.step for operand in self.web.steps[step].operands]
        return inside

    def _is_closed(self, inside: Collection[int], end: int) -> bool:
        return all(
            step not in self.results and all(user == end or user in inside for user in self.users[step])
            for step in inside
        )

    def _is_detour(self, inside: Collection[int], start: int, end: int) -> bool:
        """Whether a branch passes through other positions than both ends have, as many axes as they are."""
        ends = [_positions(self.web.type_of(Value(step))) for step in (start, end)]
        ranks = {len(positions) for positions in ends}
        for step in inside:
            for type_ in self.web.steps[step].types.values():
                positions = _positions(type_)
                if positions and positions not in ends and ranks == {len(positions)}:
                    return True
        return False


def _positions(type_: TensorType) -> tuple[object, ...]:
    return type_.positions
