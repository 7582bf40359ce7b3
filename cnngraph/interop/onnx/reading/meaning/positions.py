"""Foreign axes as our positions, for operators that change how many there are; slices of them are here too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cnngraph.interop.onnx.reading.call import Call, shape_text
from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.interop.onnx.reading.values import Tensor, Value
from cnngraph.ir.graph import Ref
from cnngraph.ir.op import Op
from cnngraph.ir.size import Dim
from cnngraph.ir.window import Padding
from cnngraph.ops.crop import Crop
from cnngraph.ops.part import Part
from cnngraph.ops.slice import Slice

END = 2**31 - 2**16  # exporters write any number beyond this for the end of an axis


@dataclass(frozen=True)
class Grid:
    """A value some of whose foreign axes are positions; `groups` has the foreign axes of each of our axes."""

    x: Tensor
    groups: list[list[int]]

    def each(self, entries: Mapping[int, object], other: object) -> tuple[object, ...]:
        """An entry for each axis of positions, from entries for foreign axes."""
        return tuple(entries.get(group[0], other) if len(group) == 1 else other for group in self.groups[1:-1])

    def result(self, call: Call, ref: Ref) -> Tensor:
        """What an operator gave that changed how many positions there are."""
        shape: list[Dim] = list(self.x.shape)
        for group, size in zip(self.groups[1:], call.type_of(ref).shape[1:], strict=True):
            if len(group) == 1:
                shape[group[0]] = size
        return Tensor(ref, Layout.of(shape, self.groups))


def as_positions(call: Call, x: Tensor, axes: Sequence[int]) -> Grid:
    """The value with these foreign axes as positions; as it lies, if it can be."""
    own = {factors: [axis] for axis, factors in enumerate(x.layout.theirs) if factors}
    groups = [own.get(group, []) for group in x.layout.groups]
    is_whole = all(bool(group) == bool(found) for group, found in zip(x.layout.groups, groups, strict=True))
    if is_whole and len(groups) > 1 and all([axis] in groups[1:-1] for axis in axes):
        return Grid(x, groups)
    batch = [] if x.layout.batch is None else [x.layout.batch]
    rest = [i for i in range(x.rank) if i not in batch and (x.layout.theirs[i] or i in axes)]
    last = next((i for i in rest if [i] == groups[-1] and i not in axes), None)
    ordered = sorted((i for i in rest if i != last), key=lambda i: x.layout.theirs[i])
    groups = [batch, *([i] for i in ordered), [] if last is None else [last]]
    return Grid(call.arranged(x, groups), groups)


def at_sides(call: Call, x: Tensor, margins: Mapping[int, tuple[int, int]], made: Callable[[Padding], Op]) -> Tensor:
    """An operator that adds or takes positions at the sides of some foreign axes."""
    grid = as_positions(call, x, list(margins))
    pairs: list[tuple[int, int]] = list(grid.each(margins, (0, 0)))  # type: ignore[arg-type]
    sides = [a if a == b else (a, b) for a, b in pairs]
    written = sides[0] if len(set(sides)) == 1 and isinstance(sides[0], int) else tuple(sides)
    return grid.result(call, call.apply(made(written), [grid.x.ref]))


def plain(entries: tuple[object, ...]) -> object:
    """One entry for all axes, where they are alike."""
    return entries[0] if len(set(entries)) == 1 else entries


# ---- slices ----


@dataclass(frozen=True)
class Stretch:
    """Places of an axis as our slices count them: below 0 from the end, where an end of 0 is the end itself."""

    start: int
    stop: int
    step: int = 1

    def within(self, n: int) -> Stretch:
        """The same with places that count from 0."""
        start = self.start if self.start >= 0 else max(n + self.start, 0)
        return Stretch(min(start, n), min(self.stop if self.stop > 0 else max(n + self.stop, 0), n), self.step)


def slice_(call: Call) -> Value:
    x = call.tensor(0)
    starts, ends = call.dims(1, "the starts"), call.dims(2, "the ends")
    axes = [call.axis(int(a), x.rank) for a in call.constant(3).reshape(-1)] if call.has(3) else range(len(starts))
    steps = [int(n) for n in call.constant(4, "the steps").reshape(-1)] if call.has(4) else [1] * len(starts)
    call.need(len(starts) == len(ends) == len(axes) == len(steps), "its starts, ends, axes and steps are not as many")
    cuts = {}
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        call.need(step > 0, "a step backwards")
        cuts[axis] = Stretch(_start(call, start, x.shape[axis]), _stop(call, end, x.shape[axis]), step)
    return sliced(call, x, cuts)


def _start(call: Call, place: Dim, n: Dim) -> int:
    if isinstance(place, int):
        return max(place, -n) if isinstance(n, int) else place
    return _from_the_end(call, place, n)


def _stop(call: Call, place: Dim, n: Dim) -> int:
    if not isinstance(place, int):
        return _from_the_end(call, place, n)
    if place > END or (isinstance(n, int) and place >= n):
        return 0
    call.need(place, "nothing is left")
    return place


def _from_the_end(call: Call, place: Dim, n: Dim) -> int:
    behind = place - n
    call.need(isinstance(behind, int) and behind <= 0, f"the place {place} of {n}")
    return int(str(behind))


def sliced(call: Call, x: Tensor, cuts: Mapping[int, Stretch]) -> Tensor:
    """These stretches of foreign axes: first those of features, then those of positions in one node."""
    left = {}
    for axis, cut in cuts.items():
        n = x.shape[axis]
        stretch = cut.within(n) if isinstance(n, int) else cut
        call.need(not isinstance(n, int) or stretch.start < stretch.stop, f"nothing is left of {shape_text(x.shape)}")
        if (cut.start, cut.stop, cut.step) == (0, 0, 1) or (stretch.start, stretch.stop, stretch.step) == (0, n, 1):
            continue
        call.need(axis != x.layout.batch, "a part of the batch")
        if isinstance(n, int) and cut.step == 1 and x.layout.theirs[axis] not in x.layout.groups[1:-1]:
            x = _of_features(call, x, axis, stretch)
        else:
            left[axis] = cut
    return _of_positions(call, x, left) if left else x


def _of_features(call: Call, x: Tensor, axis: int, cut: Stretch) -> Tensor:
    sizes = [size for size in (cut.start, cut.stop - cut.start, int(str(x.shape[axis])) - cut.stop) if size]
    (part,) = parts(call, x, axis, sizes, [1 if cut.start else 0])
    return part


def _of_positions(call: Call, x: Tensor, cuts: Mapping[int, Stretch]) -> Tensor:
    """A crop, where about as much is taken off each side; else a slice."""
    margins = {axis: _margin(cut, x.shape[axis]) for axis, cut in cuts.items()}
    if all(margin is not None and abs(margin[0] - margin[1]) < 2 for margin in margins.values()):
        return at_sides(call, x, {axis: margin for axis, margin in margins.items() if margin}, Crop)
    grid = as_positions(call, x, list(cuts))
    entries = [{axis: getattr(cut, name) for axis, cut in cuts.items()} for name in ("start", "stop", "step")]
    start, stop, step = (plain(grid.each(entry, 0 + (i == 2))) for i, entry in enumerate(entries))
    return grid.result(call, call.apply(Slice(start, stop, step), [grid.x.ref]))  # type: ignore[arg-type]


def _margin(cut: Stretch, n: Dim) -> tuple[int, int] | None:
    """How much is taken off before and after, if that is all."""
    if cut.step != 1:
        return None
    if isinstance(n, int):
        inner = cut.within(n)
        return inner.start, n - inner.stop
    return (cut.start, -cut.stop) if cut.start >= 0 >= cut.stop else None


def parts(call: Call, x: Tensor, axis: int, sizes: Sequence[int], wanted: Sequence[int]) -> tuple[Tensor, ...]:
    """Some of the parts of these sizes along a foreign axis, which become features."""
    x = call.features(x, axis)
    of = len(sizes) if len(set(sizes)) == 1 else tuple(sizes)
    found = []
    for i in wanted:
        call.path = call.node.outputs[i] if call.reading.ours and len(wanted) > 1 else call.path
        found.append(call.with_features(x, axis, call.apply(Part(i, of), [x.ref])))
        call.used.clear()
    return tuple(found)


MEANINGS: Mapping[str, Callable[[Call], Value]] = {"Slice": slice_}
