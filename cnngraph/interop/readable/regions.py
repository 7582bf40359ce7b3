"""Which steps lie between a value and the step where its branches meet again, and how that is best written.

    closed      nothing inside is read outside
    lanes       closed, a merge, and each step inside leads to one of its operands only: `concat { | ... | ... }`
    knot        closed, but the branches share steps, or what joins them is no merge: lines with names
    neither     a skip over another resolution, as in U-Net: the text has a label, and `-> concat(label)`
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from cnngraph.interop.readable.dominators import ROOT, Dominators
from cnngraph.interop.readable.web import Step, Value, Web

MERGES = ("concat", "add", "mul", "max")
LARGEST = 400
LARGEST_KNOT = 80
MANY = 4
DEEPEST = 12


@dataclass(frozen=True)
class Region:
    """What is inside the step `end`: the steps between it and `start`, the value they all come from.

    `start` is None where the branches start from several values of one step, `above`. `aside` are values from further
    away that many regions read, such as the memory of a decoder. In a knot, `inner` is how its last step is written.
    """

    end: int
    above: int
    start: Value | None
    is_lanes: bool
    aside: tuple[Value, ...] = ()
    inner: Region | None = None


@dataclass
class Regions:
    """The closed regions by the steps that end them; `home` says in which innermost one each step lies (ROOT: none)."""

    web: Web
    of: dict[int, Region] = field(default_factory=dict)
    home: list[int] = field(default_factory=list)
    depth: dict[int, int] = field(default_factory=dict)

    @staticmethod
    def in_web(web: Web) -> Regions:
        """The regions, found once more where values that are read everywhere have kept some from being closed."""
        finder = _Finder(web)
        aside = _aside(finder.run())
        return _Finder(web, aside).run() if aside else finder.found

    def operands(self, step: int) -> tuple[Value, ...]:
        """What a step reads of the body that it stands in."""
        region = self.of.get(step)
        if region is None:
            return self.web.steps[step].operands
        if region.start is not None:
            return (region.start, *region.aside)
        return (Value(region.above, min(self.web.steps[region.above].types)), *region.aside)


def _aside(regions: Regions) -> set[int]:
    """The steps that are read at several places which no region joins."""
    found: set[int] = set()
    for step, users in enumerate(regions.web.users()):
        within = {end for end, region in regions.of.items() if region.above == step} if len(users) > 2 else set()
        free = [user for user in users if user not in within and regions.home[user] not in within]
        if len(free) >= MANY:
            found.add(step)
    return found


class _Finder:
    def __init__(self, web: Web, aside: Collection[int] = ()) -> None:
        self.web = web
        self.aside = aside
        self.users = web.users()
        self.results = {value.step for value in web.results.values()}
        self.dominators = Dominators([[v.step for v in step.operands] for step in web.steps], aside)
        self.found = Regions(web, home=[ROOT] * len(web.steps))

    def run(self) -> Regions:
        for end, step in enumerate(self.web.steps):
            if len(step.operands) > 1:
                self.look_at(end)
        return self.found

    def look_at(self, end: int) -> None:
        start, operands = self.dominators.of[end], self.web.steps[end].operands
        several = any(self.web.steps[value.step].count > 1 and value.step != start for value in operands)
        if start == ROOT or several or self.web.steps[end].count > 1:
            return
        lanes = [self._lane(value, start) for value in operands]
        inside = set().union(*lanes)
        aside = self._read_aside(inside, end, start)
        depth = 1 + max((self.found.depth.get(step, 0) for step in inside), default=0)
        if len(inside) > LARGEST or depth > DEEPEST or not self._is_closed(inside, end, inside):
            return
        single = self.web.steps[start].count == 1
        if (single and self._is_detour(inside, start, end)) or self._is_afloat(operands, start):
            return
        layer = self.web.steps[end].layer
        disjoint = len(inside) == sum(map(len, lanes))
        is_lanes = layer is not None and layer.word in MERGES and disjoint
        region = Region(end, start, Value(start) if single else None, is_lanes, aside)
        if not single and self._is_divided(start, inside, end):
            above = self.web.steps[start].operands[0]
            inner = region if is_lanes else None
            self._keep(Region(end, above.step, above, False, aside, inner), {*inside, start}, depth)
        elif is_lanes or (len(inside) <= LARGEST_KNOT and single and inside):
            self._keep(region, inside, depth)

    def _is_afloat(self, operands: Sequence[Value], start: int) -> bool:
        """Whether what is added to a value comes from aside: that is `-> add(other)`."""
        floats = [self.dominators.of[v.step] == ROOT or v.step in self.aside for v in operands if v.step != start]
        return bool(floats) and all(floats)

    def _is_divided(self, start: int, inside: Collection[int], end: int) -> bool:
        """Whether the values of a step, the parts of a split, are for this region only."""
        step = self.web.steps[start]
        single = len(step.operands) == 1 and self.web.steps[step.operands[0].step].count == 1
        return single and self._is_closed([start], end, inside)

    def _keep(self, region: Region, inside: Collection[int], depth: int) -> None:
        if not region.is_lanes:
            self._dissolve(region, inside)
        self.found.of[region.end] = region
        self.found.depth[region.end] = depth
        for step in inside:
            if self.found.home[step] == ROOT:
                self.found.home[step] = region.end

    def _dissolve(self, region: Region, inside: Collection[int]) -> None:
        """A knot in a knot from the same value is a part of its lines."""
        for end in [step for step in inside if step in self.found.of]:
            inner = self.found.of[end]
            if not inner.is_lanes and inner.inner is None and inner.start == region.start:
                del self.found.of[end]
                for step in inside:
                    if self.found.home[step] == end:
                        self.found.home[step] = ROOT

    def _lane(self, value: Value, start: int) -> set[int]:
        inside: set[int] = set()
        waiting = [value.step]
        while waiting and len(inside) <= LARGEST:
            step = waiting.pop()
            if step != start and step not in inside and step not in self.aside:
                inside.add(step)
                waiting += [operand.step for operand in self.web.steps[step].operands]
        return inside

    def _read_aside(self, inside: Collection[int], end: int, start: int) -> tuple[Value, ...]:
        if not self.aside:
            return ()
        read = [value for step in (*sorted(inside), end) for value in self.web.steps[step].operands]
        return tuple(dict.fromkeys(value for value in read if value.step in self.aside and value.step != start))

    def _is_closed(self, steps: Collection[int], end: int, inside: Collection[int]) -> bool:
        return all(
            step not in self.results and all(user == end or user in inside for user in self.users[step])
            for step in steps
        )

    def _is_detour(self, inside: Collection[int], start: int, end: int) -> bool:
        """Whether windows lead a branch through other positions than both ends have, as many axes as they are."""
        ends = [self.web.type_of(Value(step)).positions for step in (start, end)]
        ranks = {len(positions) for positions in ends}
        for step in (i for i in inside if self.dominators.of[i] != ROOT and _slides(self.web.steps[i])):
            positions = self.web.type_of(Value(step)).positions
            if positions not in ends and ranks == {len(positions)}:
                return True
        return False


def _slides(step: Step) -> bool:
    """Whether a step has a window, or spreads positions."""
    return step.layer is not None and ("window" in dict(step.layer.leaves) or step.layer.word == "upsample")
