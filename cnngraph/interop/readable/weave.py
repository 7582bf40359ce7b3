"""From steps to lines: chains, lanes, residuals, knots, and names for the values that meet further away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from cnngraph.interop.readable.dominators import ROOT
from cnngraph.interop.readable.forks import forked
from cnngraph.interop.readable.regions import MERGES, Region, Regions
from cnngraph.interop.readable.terms import (
    IT,
    Body,
    Key,
    Knot,
    Lanes,
    Layer,
    Line,
    Passage,
    Residual,
    Unit,
    Units,
    keys_in,
    keys_read,
)
from cnngraph.interop.readable.web import Step, Value, Web
from cnngraph.ir.types import TensorType

LONGEST_PROJECTION = 2
LONGEST_LET = 12


@dataclass
class Woven:
    """The body of a net, with the key of each result; `swapped` names the sums whose two operands changed places."""

    body: Body
    results: dict[str, Key]
    swapped: set[str]


def woven(web: Web) -> Woven:
    weaver = _Weaver(web, Regions.in_web(web))
    inputs = [i for i, step in enumerate(web.steps) if step.layer is None]
    entry = Value(inputs[0]) if len(inputs) == 1 else None
    body = weaver.body(list(web.results.values()), entry, named=list(web.results) != ["output"])
    body = forked(body, [value.key for value in web.results.values()])
    return Woven(body, {name: value.key for name, value in web.results.items()}, weaver.swapped)


@dataclass
class _Chain:
    steps: list[int]
    left: Value | None


@dataclass
class _Weaver:
    web: Web
    regions: Regions
    swapped: set[str] = field(default_factory=set)
    depth: list[int] = field(default_factory=list)
    units: dict[tuple[int, bool], Unit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for step in self.web.steps:
            self.depth.append(1 + max((self.depth[value.step] for value in step.operands), default=0))

    # ---- bodies ----

    def body(self, goals: Sequence[Value], entry: Value | None, named: bool = False, outside: int = ROOT) -> Body:
        """The lines that lead from `entry` to `goals`; a single goal has a key only if it is to be `named`."""
        if [entry] == list(goals):
            return Body(())
        order = list(self._in_order(goals, {outside, entry.step if entry else ROOT}))
        uses = Counter(value for step in order for value in self.regions.operands(step))
        uses.update(goals)
        chains = self._chains(order, uses)
        lines = self._lines(chains, goals, entry)
        return Body(_with_keys(self.web, lines, [chain.steps[-1] for chain in chains], goals, named))

    def _in_order(self, goals: Iterable[Value], outside: set[int]) -> Iterator[int]:
        """The steps of a body, what is read first; of several operands the deepest last, so that its line goes on."""
        seen = set(outside)
        for goal in goals:
            home = self.regions.home[goal.step]
            waiting = [(goal.step, False)]
            while waiting:
                step, is_ready = waiting.pop()
                if is_ready:
                    yield step
                elif step not in seen and self.regions.home[step] == home and self.web.steps[step].layer is not None:
                    seen.add(step)
                    waiting.append((step, True))
                    operands = list(dict.fromkeys(value.step for value in self.regions.operands(step)))
                    deepest = max(operands, key=lambda i: self.depth[i]) if self._joins(step) else operands[0]
                    if self.web.steps[deepest].count > 1:  # no line goes on from several values
                        deepest = operands[-1]
                    waiting.append((deepest, False))
                    waiting += [(i, False) for i in reversed(operands) if i != deepest]

    def _joins(self, step: int) -> bool:
        """Whether any of the operands of a step may be the one that its line goes on from."""
        layer = self.web.steps[step].layer
        return step not in self.regions.of and layer is not None and layer.word in MERGES

    def _chains(self, order: Sequence[int], uses: Counter[Value]) -> list[_Chain]:
        chains: list[_Chain] = []
        for step in order:
            left = self._left(step)
            last = chains[-1].steps[-1] if chains else None
            goes_on = last is not None and left == Value(last) and uses[left] == 1 and self.web.steps[last].count == 1
            if goes_on and self._ends_short(chains[-1], step) and not self._names_its_start(step):
                chains[-1].steps.append(step)
            else:
                chains.append(_Chain([step], left))
        return chains

    def _names_its_start(self, step: int) -> bool:
        """Whether the lines inside a region read the value that comes in by its name."""
        region = self.regions.of.get(step)
        return region is not None and region.start is not None and region.start.key in keys_in(self._unit(step, None))

    def _ends_short(self, chain: _Chain, step: int) -> bool:
        """Whether a step may end a chain: one with several values makes a `let`, which is no place for many units."""
        return self.web.steps[step].count == 1 or len(chain.steps) < LONGEST_LET // 4

    def _left(self, step: int) -> Value | None:
        region = self.regions.of.get(step)
        return region.start if region else self.web.steps[step].operands[0]

    def _lines(self, chains: Sequence[_Chain], goals: Sequence[Value], entry: Value | None) -> list[Line]:
        lines: list[Line] = []
        above = entry
        spine = self._spine(chains, goals)
        for i, chain in enumerate(chains):
            source = IT if chain.left in (None, above) else chain.left.key
            units = tuple(self._units(chain, above if source != IT else chain.left))
            tail = Value(chain.steps[-1])
            single = self.web.steps[tail.step].count == 1
            moves = single and (i in spine or (tail in goals and source == IT) or not _fits_a_let(units))
            lines.append(Line(units, source, (), moves))
            above = tail if moves else above
        return lines

    def _spine(self, chains: Sequence[_Chain], goals: Sequence[Value]) -> set[int]:
        """The lines that the flow goes through: the last one, the one that it receives, and so on."""
        found = {len(chains) - 1}
        current = chains[-1] if chains else None
        for i in range(len(chains) - 2, -1, -1):
            assert current is not None
            if self._receives(current, Value(chains[i].steps[-1])):
                found.add(i)
                current = chains[i]
        return found

    def _receives(self, chain: _Chain, value: Value) -> bool:
        """Whether a line can begin with the value above it, at the left or among its operands."""
        first = chain.steps[0]
        return chain.left == value or (first not in self.regions.of and value in self.regions.operands(first))

    def _units(self, chain: _Chain, it: Value | None) -> Iterator[Unit]:
        for step in chain.steps:
            yield self._unit(step, it)
            it = Value(step)

    # ---- units ----

    def _unit(self, index: int, it: Value | None) -> Unit:
        """The unit of a step; `it` is the value that its text sees under that name."""
        step, region = self.web.steps[index], self.regions.of.get(index)
        assert step.layer is not None
        if region is None:
            tensors = tuple(IT if value == it else value.key for value in step.operands[1:])
            return replace(step.layer, tensors=tensors)
        key = (index, region.is_lanes)  # a knot may hold its last step as lanes
        if key not in self.units:
            self.units[key] = self._lanes(step, region) if region.is_lanes else self._knot(step, region)
        return self.units[key]

    def _knot(self, step: Step, region: Region) -> Knot:
        """The region is read once more, with its last step as an ordinary one."""
        assert region.start is not None
        goal = Value(region.end)
        if region.inner is not None:
            self.regions.of[region.end] = region.inner
        else:
            del self.regions.of[region.end]
        home, self.regions.home[region.end] = self.regions.home[region.end], region.end
        body = self.body([goal], region.start)
        self.regions.home[region.end] = home
        self.regions.of[region.end] = region
        return Knot(body, self._passage(step, region, [body]))

    def _lanes(self, step: Step, region: Region) -> Unit:
        assert step.layer is not None
        lanes = [self._lane(value, region) for value in step.operands]
        passage = self._passage(step, region, lanes)
        if step.layer.word == "add" and len(lanes) == 2 and region.start is not None:
            body, shortcut = lanes
            if self._is_shortcut(body, passage) and not (self._is_shortcut(shortcut, passage) and _is_longer(lanes)):
                body, shortcut = shortcut, body
            if self._is_shortcut(shortcut, passage) and _gives(body) == passage.gives:
                if body is not lanes[0]:
                    self.swapped.add(step.names[0])
                return Residual(body, shortcut.units, passage)
        return Lanes(step.layer.word, tuple(lanes), passage)

    def _lane(self, value: Value, region: Region) -> Body:
        if value.step == region.above and region.start is None:  # one of several values that the lanes start from
            return Body((Line((), value.key),))
        return self.body([value], region.start, outside=region.above)

    def _is_shortcut(self, lane: Body, passage: Passage) -> bool:
        """Whether a lane may be what stands for the shortcut: nothing, or a short layer that changes the shape."""
        if not lane.lines:
            return True
        plain = lane.is_plain and all(isinstance(unit, Layer) and not unit.tensors for unit in lane.units)
        short = 0 < len(lane.units) <= LONGEST_PROJECTION
        return plain and short and passage.takes != passage.gives

    def _passage(self, step: Step, region: Region, inside: Sequence[Body]) -> Passage:
        nodes = [name for body in inside for line in body.lines for unit in line.units for name in _nodes(unit)]
        start = region.start if region.start is not None else step.operands[0]
        return Passage(self.web.type_of(start), step.types[0], (*nodes, step.names[0]))


def _fits_a_let(units: Units) -> bool:
    """Whether units are few enough to be one pipe, and have no lines of their own."""
    return len(units) <= LONGEST_LET and not any(isinstance(unit, Knot | Residual | Lanes) for unit in units)


def _is_longer(lanes: Sequence[Body]) -> bool:
    first, second = (sum(len(line.units) for line in lane.lines) for lane in lanes)
    return first >= second


def _gives(body: Body) -> TensorType | None:
    """The type of the value of a body; nothing of an empty one."""
    passage = body.lines[-1].units[-1].passage if body.lines and body.lines[-1].units else None
    return passage.gives if passage else None


def _nodes(unit: Unit) -> tuple[str, ...]:
    return unit.passage.nodes if unit.passage else ()


def _with_keys(
    web: Web, lines: Sequence[Line], tails: Sequence[int], goals: Sequence[Value], all_named: bool
) -> tuple[Line, ...]:
    """The lines with the keys of those results that something names."""
    named = {key for line in lines for key in keys_read(line)}
    if all_named or web.steps[goals[0].step].count > 1:
        named |= {goal.key for goal in goals}
    made: list[Line] = []
    for line, tail in zip(lines, tails, strict=True):
        keys = [Value(tail, i).key for i in range(web.steps[tail].count)]
        shown = tuple(key if key in named else "_" for key in keys)
        made.append(replace(line, keys=shown if set(shown) != {"_"} or len(shown) > 1 else ()))
    return tuple(made)
