"""Rows of tables, and single places of a value: what `Gather` takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.interop.onnx.reading.meaning.parts import side_by_side
from cnngraph.interop.onnx.reading.meaning.positions import Stretch, sliced
from cnngraph.interop.onnx.reading.tables import Meaning
from cnngraph.interop.onnx.reading.values import Sizes, Tensor, Value
from cnngraph.ir.graph import Ref
from cnngraph.ir.op import Array
from cnngraph.ops.embed import Embed
from cnngraph.ops.part import Part
from cnngraph.ops.position import Position
from cnngraph.ops.prepend_token import PrependToken
from cnngraph.ops.slice import Slice

MOST_PLACES = 64  # that are taken one by one


def gather(call: Call) -> Value:
    data, places = call.value(0), call.value(1)
    if isinstance(places, Tensor):
        table = call.constant(0, "the table")
        call.need(call["axis"] in (0, -table.ndim), "rows along another axis than the first")
        return embedded(call, table, 1)
    axis = call.axis(call["axis"], len(data.shape))
    if isinstance(data, Sizes):
        return call.settled(np.take(data.array, call.constant(1, "the places"), axis))
    index = call.constant(1, "the places")
    x = call.tensor(0)
    if index.size == 1:
        one = at(call, x, axis, int(index.reshape(())))
        return Tensor(one.ref, one.layout.unsqueezed(range(axis, axis + index.ndim)))
    return several(call, x, axis, index)


def embedded(call: Call, table: Array, place: int) -> Tensor:
    """A row for each id; its axes follow those of the ids."""
    ids = call.tensor(place)
    size = prod(table.shape[1:])
    ref = call.apply(Embed(size), [call.ids(place, len(table))], {"weight": table.reshape(len(table), size)})
    features = [n for n in table.shape[1:] if n != 1]
    count = iter(range(len(ids.layout.sizes), len(ids.layout.sizes) + len(features)))
    new = [() if n == 1 else (next(count),) for n in table.shape[1:]]
    return Tensor(ref, Layout((*ids.layout.ours, tuple(features)), (*ids.layout.theirs, *new)))


def at(call: Call, x: Tensor, axis: int, index: int) -> Tensor:
    """One place of a foreign axis, which goes."""
    size = x.shape[axis]
    if isinstance(size, int):
        call.need(-size <= index < size, f"there is no place {index} of {size}")
        index %= size
    factors = x.layout.theirs[axis]
    if not factors:
        return Tensor(x.ref, x.layout.squeezed([axis]))
    groups = x.layout.groups
    if isinstance(size, int) and factors == groups[-1][: len(factors)]:
        return _without_factors(x, axis, call.apply(Part(index, size), [x.ref]))
    x = _alone(call, x, axis)
    factors, groups = x.layout.theirs[axis], x.layout.groups
    if len(groups) == 3:
        end = -1 if index == size - 1 and index else index
        return without_axis(x, axis, call.apply(Position(end), [x.ref]))
    own = groups[1:-1].index(factors)
    start, stop = (tuple(n if i == own else 0 for i in range(len(groups) - 2)) for n in (index, index + 1))
    return _without_factors(x, axis, call.apply(Slice(start, stop), [x.ref]))


def several(call: Call, x: Tensor, axis: int, index: Array) -> Tensor:
    """Several places of a foreign axis: a stretch of it, or each by itself."""
    size, places = x.shape[axis], index.reshape(-1).tolist()
    call.need(places, "no places")
    if index.ndim != 1:
        return _as_table(call, several(call, x, axis, index.reshape(-1)), axis, index.shape)
    if isinstance(size, int):
        places = [place % size for place in places]
    step = places[1] - places[0] if len(places) > 1 else 1
    regular = range(places[0], places[0] + step * len(places), step) if step > 0 else []
    if places[0] >= 0 and places == list(regular):
        return sliced(call, x, {axis: Stretch(places[0], places[-1] + 1, step)})
    call.need(len(places) <= MOST_PLACES and min(places) >= 0, f"more than {MOST_PLACES} places at unequal distances")
    return side_by_side(call, [sliced(call, x, {axis: Stretch(place, place + 1)}) for place in places], axis)


def _as_table(call: Call, x: Tensor, axis: int, shape: tuple[int, ...]) -> Tensor:
    """One foreign axis as several."""
    layout = x.layout.reshaped([*x.shape[:axis], *shape, *x.shape[axis + 1 :]])
    call.need(layout is not None, f"places in a table of {shape}")
    assert layout is not None
    return Tensor(x.ref, layout)


def _alone(call: Call, x: Tensor, axis: int) -> Tensor:
    """The value with this foreign axis as one of our positions."""
    factors, groups = x.layout.theirs[axis], x.layout.groups
    call.need(not set(groups[0]) & set(factors), "single samples of the batch")
    if factors in groups[1:-1]:
        return x
    rest = [tuple(f for f in group if f not in factors) for group in groups[1:]]
    *positions, features = rest
    return call.reading.arranged(x, (groups[0], factors, *(p for p in positions if p), features), call.path)


def _without_factors(x: Tensor, axis: int, ref: Ref) -> Tensor:
    """A result without a foreign axis; that of ours in which it was stays, with what else was in it."""
    return _dropped(x, axis, ref, x.layout.groups)


def without_axis(x: Tensor, axis: int, ref: Ref) -> Tensor:
    """A result without a foreign axis and without the axis of ours that it is."""
    return _dropped(x, axis, ref, [group for group in x.layout.groups if group != x.layout.theirs[axis]])


def _dropped(x: Tensor, axis: int, ref: Ref, groups: Sequence[tuple[int, ...]]) -> Tensor:
    lost = x.layout.theirs[axis]
    number = {f: i for i, f in enumerate(f for group in groups for f in group if f not in lost)}
    ours = tuple(tuple(x.layout.sizes[f] for f in group if f not in lost) for group in groups)
    theirs = tuple(tuple(number[f] for f in factors) for i, factors in enumerate(x.layout.theirs) if i != axis)
    return Tensor(ref, Layout(ours, theirs))


def prepend_token(call: Call) -> Tensor:
    """`PrependToken`: a known vector, spread to one position of a shape, before (N, T, d)."""
    x, token, shape = call.tensor(0), call.constant(1), call.dims(2)
    call.need(x.rank == 3, "a token before other than a sequence")
    call.need(len(shape) == 3 and shape[1] == 1, "several tokens that are the same")
    sequence = call.arranged(x, [[0], [1], [2]])
    ref = call.apply(PrependToken(), [sequence.ref], {"weight": token})
    return call.result(ref, [[0], [1], [2]], 3)


MEANINGS: Mapping[str, Meaning] = {"Gather": gather, "cnngraph.PrependToken": prepend_token}
