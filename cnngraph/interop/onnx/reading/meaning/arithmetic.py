"""Sums, products, quotients and the like of two values or more, under the broadcasting of ONNX.

Here a vector c meets c@positions, and nothing else is broadcast. So of what ONNX lets meet

    a number                      becomes an argument                   scale, shift, power, clip
    known numbers                 become a value of their own           layer_scale, add_positions, learned
    a value for each channel      becomes a vector
    any other smaller value       is repeated to the size of the rest   upsample
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log, prod

import numpy as np

from cnngraph.interop.onnx.reading.call import Call, shape_text
from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.interop.onnx.reading.meaning.elementwise import LARGEST, chained, limited, short
from cnngraph.interop.onnx.reading.moves import moves
from cnngraph.interop.onnx.reading.reading import Refused
from cnngraph.interop.onnx.reading.values import Constant, Tensor, Value
from cnngraph.ir.graph import Ref
from cnngraph.ir.op import Array, Op
from cnngraph.ir.size import Dim
from cnngraph.ir.types import BATCH, TensorType
from cnngraph.ops.add import Add
from cnngraph.ops.add_positions import AddPositions
from cnngraph.ops.div import Div
from cnngraph.ops.exp import Exp
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.layer_scale import LayerScale
from cnngraph.ops.learned import Learned
from cnngraph.ops.max import Max
from cnngraph.ops.min import Min
from cnngraph.ops.mul import Mul
from cnngraph.ops.pow import Pow
from cnngraph.ops.power import Power
from cnngraph.ops.reshape import Reshape
from cnngraph.ops.scale import Scale
from cnngraph.ops.select import Select
from cnngraph.ops.shift import Shift
from cnngraph.ops.upsample import Upsample

Number = Callable[[Call, Tensor, float], Tensor]
Groups = list[list[int]]
VECTORS = (Add, Mul, Div, Pow, Select)  # where a vector meets a grid


@dataclass(frozen=True)
class Merge:
    """How two values meet: by our operator, or with a number at the right or the left of the value."""

    op: Op
    right: Number
    left: Number


# ---- two values ----


def joined(call: Call, merge: Merge, left: Value, right: Value) -> Tensor:
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return met(call, merge.op, [left, right])
    x, known, is_left = (right, left, True) if isinstance(right, Tensor) else (left, right, False)
    if not isinstance(x, Tensor) or not isinstance(known, Constant):
        raise Refused("numbers that depend on an open size")
    shape = broadcast(call, [x.shape, known.shape])
    if x.shape != shape:
        x = repeated_to(call, x, shape)
    numbers = np.unique(known.array)
    if numbers.size == 1 and np.isfinite(numbers[0]):
        return (merge.left if is_left else merge.right)(call, x, short(numbers[0]))
    return _with_known(call, merge.op, x, known.array, is_left)


def broadcast(call: Call, shapes: Sequence[Sequence[Dim]]) -> tuple[Dim, ...]:
    """The shape under which these meet."""
    rank = max(map(len, shapes))
    found: list[Dim] = [1] * rank
    for shape in shapes:
        for axis, size in enumerate(shape, start=rank - len(shape)):
            call.need(size == 1 or found[axis] in (1, size), f"{' and '.join(map(shape_text, shapes))} do not meet")
            found[axis] = size if found[axis] == 1 else found[axis]
    return tuple(found)


def _with_known(call: Call, op: Op, x: Tensor, array: Array, is_left: bool) -> Tensor:
    """With numbers that the file has, as a value of their own."""
    numbers = in_our_order(call, x.layout, array)
    if numbers.ndim == 1 and isinstance(op, Mul):
        return call.keep(x, call.apply(LayerScale(), [x.ref], {"weight": numbers}))
    if numbers.ndim > 1 and isinstance(op, Add):
        return call.keep(x, call.apply(AddPositions(learned=True), [x.ref], {"weight": numbers}))
    other = _learned(call, op, x, x.layout, array)
    return call.keep(x, call.apply(op, [other, x.ref] if is_left else [x.ref, other]))


def _learned(call: Call, op: Op, x: Tensor, layout: Layout, array: Array) -> Ref:
    """Known numbers as a value of their own, beside x: a vector where that will do."""
    call.need(array.dtype.kind in "fb", "whole numbers")
    numbers = in_our_order(call, layout, array)
    if numbers.ndim == 1 and not isinstance(op, VECTORS):
        numbers = _at_all_positions(call, layout, numbers)
    shape = TensorType.of(numbers.shape[-1], numbers.shape[:-1])
    return call.apply(Learned(shape), [x.ref], {"weight": numbers}, beside=True)


def in_our_order(call: Call, layout: Layout, array: Array) -> Array:
    """Known numbers in the order of our axes, without the batch: of each feature, or of all positions and features."""
    call.need(len(layout.ours) > 1, "numbers at a single value")
    array = array.reshape((1,) * (layout.rank - array.ndim) + array.shape)
    sizes = [
        tuple(layout.sizes[f] for f in factors) if size > 1 else (1,) * len(factors)
        for factors, size in zip(layout.theirs, array.shape, strict=True)
    ]
    order = [f for factors in layout.theirs for f in factors]
    flat = [size for axis in sizes for size in axis]
    call.need(all(isinstance(size, int) for size in flat), "numbers along an open axis")
    call.need(len(layout.groups[0]) == 0 or flat[order.index(0)] == 1, "numbers that differ between samples")
    by_factor = array.reshape(flat).transpose(np.argsort(order))  # type: ignore[arg-type]
    if all(by_factor.shape[f] == 1 for group in layout.groups[1:-1] for f in group):
        return _spread(by_factor.reshape([by_factor.shape[f] for f in layout.groups[-1]]), layout.ours[-1]).reshape(-1)
    return _at_all_positions(call, layout, by_factor)


def _at_all_positions(call: Call, layout: Layout, by_factor: Array) -> Array:
    """Numbers of the factors, or of the features, as an array of all positions and features."""
    sizes = layout.sizes[len(layout.groups[0]) :]
    call.need(all(isinstance(size, int) for size in sizes), "numbers along an open axis")
    shape = [prod(int(str(size)) for size in axis) for axis in layout.ours[1:]]
    if by_factor.ndim == 1:
        return np.broadcast_to(by_factor, shape)
    return _spread(by_factor.reshape(by_factor.shape[len(layout.groups[0]) :]), sizes).reshape(shape)


def _spread(array: Array, sizes: Sequence[Dim]) -> Array:
    return np.broadcast_to(array, [int(str(size)) for size in sizes])


# ---- axes that meet ----


def met(call: Call, op: Op, values: Sequence[Value]) -> Tensor:
    """Our operator of values that meet, of which at least one is computed."""
    tensors = [value for value in values if isinstance(value, Tensor)]
    if len({x.layout for x in tensors}) == 1 and len(tensors) == len(values):
        return call.keep(tensors[0], call.apply(op, [x.ref for x in tensors]))
    shape = broadcast(call, [value.shape for value in values])
    sides = [Tensor(x.ref, x.layout.unsqueezed(range(len(shape) - x.rank))) for x in tensors]
    wide = max(sides, key=lambda x: (x.shape == shape, _whole(x.layout) is not None, len(x.layout.sizes)))
    if wide.shape == shape:
        groups = _least_moved(call, wide, [x for x in sides if x.shape == shape and x is not wide])
    else:
        groups = _canonical(call, wide)
    if all(shape[axis] == 1 for group in groups[1:-1] for axis in group):
        groups = [groups[0], groups[-1]]  # a vector, whatever axes of size 1 are around it
    layout, refs, rest = Layout.of(shape, groups), [], iter(sides)
    for value in values:
        if isinstance(value, Tensor):
            side = next(rest)
            own = [axis for axis, factors in enumerate(side.layout.theirs) if factors]
            if isinstance(op, VECTORS) and set(own) <= {*groups[0], *groups[-1]} and set(groups[-1]) & set(own):
                refs.append(call.arranged(side, [groups[0], groups[-1]]).ref)
            else:
                refs.append(_sized(call, op, call.arranged(side, groups), layout))
        else:
            call.need(isinstance(value, Constant), "a size of an open axis among its numbers")
            refs.append(_learned(call, op, wide, layout, np.asarray(value.array)))
    return Tensor(call.apply(op, refs), layout)


def _least_moved(call: Call, wide: Tensor, others: Sequence[Tensor]) -> Groups:
    """The axes of the value that the others meet: its own, or those of another where less has to move.

    Of equals those of the older value: what a branch does to it comes back to it.
    """
    own = _whole(wide.layout) or _canonical(call, wide)
    if not others:
        return own
    age = {name: i for i, name in enumerate(call.reading.builder.nodes)}
    sides = sorted([wide, *others], key=lambda x: age[x.ref.node])
    each = [own if x is wide else _whole(x.layout) or _canonical(call, x) for x in sides]
    return min(each, key=lambda groups: sum(_turns(x.layout, groups) for x in sides))


def _turns(layout: Layout, groups: Groups) -> int:
    """How many nodes turn numbers round for these axes."""
    factors = layout.foreign_axes(groups)
    if not layout.groups or factors[0] != layout.groups[0]:
        return 0
    return sum(not isinstance(op, Reshape | Flatten) for op in moves(layout, factors))


def _whole(layout: Layout) -> Groups | None:
    """Our axes as groups of whole foreign axes, or None where a foreign axis lies in several of ours."""
    found: Groups = []
    for group in layout.groups:
        axes = [i for i, factors in enumerate(layout.theirs) if factors and set(factors) <= set(group)]
        axes.sort(key=lambda axis: layout.theirs[axis])
        if [f for axis in axes for f in layout.theirs[axis]] != list(group):
            return None
        found.append(axes)
    return found if sum(map(len, found)) == sum(map(bool, layout.theirs)) and len(found) > 1 else None


def _canonical(call: Call, x: Tensor) -> Groups:
    """The batch, then each foreign axis by itself; what is our features already stays that."""
    batch = [] if x.layout.batch is None else [x.layout.batch]
    call.need(batch or call.reading.sample or not x.layout.groups, "a value without a batch")
    features = x.layout.groups[-1] if len(x.layout.groups) > 1 else ()
    rest = [axis for axis in range(x.rank) if axis not in batch]
    rest.sort(key=lambda axis: bool(features) and x.layout.theirs[axis] == features)
    return [batch, *([axis] for axis in rest)] if rest else [batch, []]


def _sized(call: Call, op: Op, x: Tensor, layout: Layout) -> Ref:
    """The value repeated to the sizes of this layout, if it is not a vector that meets them all."""
    call.need(call.type_of(x.ref).shape, "a single number beside other axes")
    _, *positions, features = call.type_of(x.ref).shape
    own, target = [*positions, features], [layout.size(group) for group in layout.groups]
    if own == target[1:]:
        return x.ref
    if features == target[-1] and set(positions) == {1} and isinstance(op, VECTORS):
        return call.apply(Reshape(TensorType.of(features)), [x.ref], beside=True)
    call.need(all(isinstance(n, int) for n in target[1:]), "a value repeated along an open axis")
    factors = tuple(int(str(n)) if own[i] == 1 else 1 for i, n in enumerate(target[1:]))
    ref = x.ref
    if factors[-1] == 1:
        return call.apply(Upsample(factors[:-1]), [ref], beside=True)
    ref = call.apply(Reshape(TensorType.of(1, tuple(own))), [ref], beside=True)
    ref = call.apply(Upsample(factors), [ref], beside=True)
    return call.apply(Reshape(TensorType.of(target[-1], tuple(target[1:-1]))), [ref], beside=True)


def repeated_to(call: Call, x: Tensor, shape: Sequence[Dim]) -> Tensor:
    """A value repeated along foreign axes, to this shape."""
    wide = Tensor(x.ref, x.layout.unsqueezed(range(len(shape) - x.rank)))
    groups = _canonical(call, wide)
    call.need(not groups[0] or shape[groups[0][0]] == BATCH, "a value repeated along the batch")
    layout = Layout.of(shape, groups)
    return Tensor(_sized(call, Max(), call.arranged(wide, groups), layout), layout)


# ---- with numbers ----


def _shift(sign: float, own: float) -> Number:
    """own * x + sign * number"""
    return lambda call, x, n: chained(call, x, Scale(own), Shift(sign * n))


def _scale(call: Call, x: Tensor, number: float) -> Tensor:
    return chained(call, x, Scale(number))


def _over(call: Call, x: Tensor, number: float) -> Tensor:
    call.need(number, "a quotient by 0")
    return chained(call, x, Scale(1 / number))


def _under(call: Call, x: Tensor, number: float) -> Tensor:
    return chained(call, x, Power(-1.0), Scale(number))


def _power(call: Call, x: Tensor, number: float) -> Tensor:
    return chained(call, x, Power(number))


def _to_the_power(call: Call, x: Tensor, number: float) -> Tensor:
    call.need(number > 0, "a power of a number that is not positive")
    return chained(call, x, Scale(log(number)), Exp())


def _at_least(call: Call, x: Tensor, number: float) -> Tensor:
    return limited(call, x, number, LARGEST)


def _at_most(call: Call, x: Tensor, number: float) -> Tensor:
    return limited(call, x, -LARGEST, number)


ADD = Merge(Add(), _shift(1.0, 1.0), _shift(1.0, 1.0))
MUL = Merge(Mul(), _scale, _scale)
DIV = Merge(Div(), _over, _under)
MAX = Merge(Max(), _at_least, _at_least)
MIN = Merge(Min(), _at_most, _at_most)


def of_two(merge: Merge) -> Callable[[Call], Value]:
    return lambda call: joined(call, merge, call.value(0), call.value(1))


def minus(call: Call, left: Value, right: Value) -> Tensor:
    if isinstance(right, Tensor):
        return joined(call, ADD, left, chained(call, right, Scale(-1.0)))
    return joined(call, ADD, left, Constant(-right.array) if isinstance(right, Constant) else right)


def power(call: Call) -> Value:
    """The exponent may be of another kind than what is raised."""
    x, exponent = call.value(0), call.value(1)
    if isinstance(exponent, Constant):
        exponent = Constant(exponent.array.astype(np.float32))
    return joined(call, Merge(Pow(), _power, _to_the_power), x, exponent)


def of_several(merge: Merge) -> Callable[[Call], Value]:
    """Values of one layout in one node, what is left one after the other."""

    def meaning(call: Call) -> Value:
        values = [call.value(place) for place in range(len(call.inputs))]
        tensors = [value for value in values if isinstance(value, Tensor)]
        if len(tensors) == len(values) > 1 and len({x.layout for x in tensors}) == 1:
            return call.keep(tensors[0], call.apply(merge.op, [x.ref for x in tensors]))
        total: Value = tensors[0]
        for value in [*tensors[1:], *(value for value in values if not isinstance(value, Tensor))]:
            total = joined(call, merge, total, value)
        return total

    return meaning


def mean(call: Call) -> Value:
    total = of_several(ADD)(call)
    assert isinstance(total, Tensor)
    return chained(call, total, Scale(1 / len(call.inputs)))


MEANINGS: Mapping[str, Callable[[Call], Value]] = {
    "Add": of_two(ADD),
    "Div": of_two(DIV),
    "Max": of_several(MAX),
    "Mean": mean,
    "Min": of_several(MIN),
    "Mul": of_two(MUL),
    "Pow": power,
    "Sub": lambda call: minus(call, call.value(0), call.value(1)),
    "Sum": of_several(ADD),
}
