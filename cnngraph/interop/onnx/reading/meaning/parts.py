"""Values joined and divided along the channels, and along whatever other axis is put in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cnngraph.interop.onnx.reading.call import Call, shape_text
from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.interop.onnx.reading.meaning.positions import parts
from cnngraph.interop.onnx.reading.values import Tensor, Value
from cnngraph.ir.size import Dim
from cnngraph.ops.concat import Concat
from cnngraph.ops.pixel_shuffle import PixelShuffle
from cnngraph.ops.pixel_unshuffle import PixelUnshuffle


def concat(call: Call) -> Value:
    values = [call.tensor(place) for place in range(len(call.inputs))]
    axis = call.axis(call["axis"], values[0].rank)
    return values[0] if len(values) == 1 else side_by_side(call, values, axis)


def side_by_side(call: Call, values: Sequence[Tensor], axis: int) -> Tensor:
    """Several values joined along a foreign axis."""
    first = values[0]
    call.need(all(x.rank == first.rank for x in values), "its inputs have other numbers of axes")
    if (stacked := _stacked(call, values, axis)) is not None:
        return stacked
    batch, *others = ([i for i in group if i != axis] for group in call.features(first, axis).layout.foreign_groups)
    groups = [batch, *filter(None, others), [axis]]
    arranged = [call.arranged(x, groups) for x in values]
    shape = list(first.shape)
    shape[axis] = sum((x.shape[axis] for x in values), 0)
    return Tensor(call.apply(Concat(), [x.ref for x in arranged]), Layout.of(shape, groups))


def _stacked(call: Call, values: Sequence[Tensor], axis: int) -> Tensor | None:
    """Vectors joined along an axis that is the slower part of their features: side by side, as they lie."""
    behind = [_behind(x, axis) for x in values]
    if None in behind or len(set(behind)) > 1 or behind[0] is None:
        return None
    batch, features = behind[0].ours
    total = sum((x.shape[axis] for x in values), 0)
    count = len(batch)
    theirs = [tuple(f + (f >= count) for f in factors) for factors in behind[0].theirs]
    theirs.insert(axis, (count,))
    return Tensor(call.apply(Concat(), [x.ref for x in values]), Layout((batch, (total, *features)), tuple(theirs)))


def _behind(x: Tensor, axis: int) -> Layout | None:
    """The layout of one place of the axis, if the value is a vector and its places are one after the other."""
    own, groups = x.layout.theirs[axis], x.layout.groups
    if len(groups) != 2 or len(own) > 1 or own != groups[1][: len(own)] or not groups[1][len(own) :]:
        return None
    lost = own[0] if own else len(x.layout.sizes)
    theirs = [tuple(f - (f > lost) for f in factors) for i, factors in enumerate(x.layout.theirs) if i != axis]
    return Layout((x.layout.ours[0], x.layout.ours[1][len(own) :]), tuple(theirs))


def split(call: Call) -> tuple[Value, ...]:
    x, count = call.tensor(0), len(call.node.outputs)
    axis = call.axis(call["axis"], x.rank)
    if call.has(1):
        sizes = [int(n) for n in call.constant(1, "the sizes").reshape(-1)]
    else:
        whole = x.shape[axis]
        call.need(isinstance(whole, int), f"an axis of the open size {whole} is divided")
        each = -(-int(str(whole)) // count)
        sizes = [each] * (count - 1) + [int(str(whole)) - each * (count - 1)]
    call.need(min(sizes) > 0, "a part of nothing")
    return (x,) if count == 1 else parts(call, x, axis, sizes, range(count))


# ---- blocks of positions ----


def depth_to_space(call: Call) -> Value:
    x, size = call.tensor(0), call["blocksize"]
    call.need(x.rank == 4, "it needs channels at two axes of positions")
    if call["mode"] == "CRD":
        return call.of_grid(call.apply(PixelShuffle(size), [call.grid(x)]))
    n, c, h, w = x.shape
    call.need(isinstance(c, int) and int(str(c)) % size**2 == 0, f"blocks of {size} and {c} channels")
    return _in_blocks(call, x, [n, size, size, int(str(c)) // size**2, h, w], (0, 3, 4, 1, 5, 2), ((2, 3), (3, 4)))


def space_to_depth(call: Call) -> Value:
    x, size = call.tensor(0), call["blocksize"]
    call.need(x.rank == 4, "it needs channels at two axes of positions")
    n, c, h, w = x.shape
    if call["mode"] == "CRD":
        return call.of_grid(call.apply(PixelUnshuffle(size), [call.grid(x)]))
    whole = [h // size, size, w // size, size]
    call.need(whole[0] * size == h and whole[2] * size == w, f"blocks of {size} do not divide {shape_text((h, w))}")
    return _in_blocks(call, x, [n, c, *whole], (0, 3, 5, 1, 2, 4), ((1, 2), (1, 2)))


def _in_blocks(
    call: Call, x: Tensor, shape: Sequence[Dim], order: Sequence[int], joins: Sequence[tuple[int, int]]
) -> Tensor:
    """A reshape, a transpose, and neighbours joined: what is moved shows when a layer reads it."""
    layout = x.layout.reshaped(shape, call.reading.batch)
    call.need(layout is not None, f"{shape_text(x.shape)} cannot become {shape_text(shape)}")
    assert layout is not None
    layout = layout.permuted(order)
    for pair in joins:
        layout = layout.joined(pair)
    return Tensor(x.ref, layout)


MEANINGS: Mapping[str, Callable[[Call], Value | tuple[Value, ...]]] = {
    "Concat": concat,
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
    "Split": split,
}
