"""Arithmetic on sizes: what exporters compute of shapes, with symbols for the sizes that stay open.

An array of `Dim` is for NumPy an array of objects, so that most operators are NumPy's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.fold import result
from cnngraph.interop.onnx.reading.layout import quotient
from cnngraph.interop.onnx.reading.reading import Refused
from cnngraph.interop.onnx.reading.values import LARGEST_SIZES, Constant, Sizes, Tensor, Value, settled
from cnngraph.ir.size import Dim, Size, SizeError, lower_bound

Arithmetic = Callable[..., Any]
FOLDED = (
    "And", "ConstantOfShape", "CumSum", "Equal", "Greater", "GreaterOrEqual", "IsNaN", "Less", "LessOrEqual", "Mod",
    "NonZero", "Not", "Or", "Range", "Tile", "Trilu", "Where", "ScatterElements", "ScatterND", "GatherND", "OneHot",
    "EyeLike", "TopK", "BitShift", "Xor", "Floor", "Ceil", "Round", "GatherElements", "Einsum", "RandomNormal",
    "RandomUniform",
)  # fmt: skip

def understood(operator: str) -> bool:
    """Whether an operator is computed where all that it reads is known, even if it has no meaning for what is fed."""
    return operator in FOLDED


def known_before(call: Call) -> Sequence[Value] | None:
    """The results of a node all of whose inputs are known; None where one is computed, or nobody knows how."""
    if any(isinstance(value, Tensor) for value in call.inputs):
        return None
    arrays = [value.array if isinstance(value, Constant | Sizes) else None for value in call.inputs]
    if not any(isinstance(value, Sizes) for value in call.inputs):
        found = result(call.node, arrays)
        return None if found is None else [Constant(array) for array in found]
    if call.node.operator not in ARITHMETIC:
        raise Refused("sizes that stay open are no numbers for it")
    if sum(array.size for array in arrays if array is not None) > LARGEST_SIZES:
        raise Refused("too many sizes for a shape")
    try:
        made = ARITHMETIC[call.node.operator](call, *map(_whole, arrays))
    except (ValueError, IndexError, TypeError, ZeroDivisionError) as problem:
        raise Refused(f"these sizes do not fit: {problem}") from problem
    results = made if isinstance(made, list) else [made]
    return [settled(part) for part in results]


def _whole(array: Any) -> Any:
    """Whole numbers as Python's own, which grow with the sizes; halves and the like stay what they are."""
    if array is None:
        return None
    plain = np.empty(np.shape(array), object)
    for place, n in np.ndenumerate(array):
        plain[place] = n if isinstance(n, Size) else float(n) if isinstance(n, np.floating) else n
        if not isinstance(n, Size) and float(n).is_integer():
            plain[place] = int(n)
    return plain


def _axes(axes: Any, rank: int) -> tuple[int, ...]:
    return tuple(int(axis) % rank for axis in np.asarray(axes).flat)


def _gather(call: Call, x: Any, places: Any) -> Any:
    return np.take(x, np.asarray(places, np.int64), axis=call["axis"])


def _slice(call: Call, x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Any:
    chosen = range(len(starts)) if axes is None else _axes(axes, x.ndim)
    cuts = [slice(None)] * x.ndim
    for i, axis in enumerate(chosen):
        step = 1 if steps is None else int(steps[i])
        end = int(ends[i])
        cuts[axis] = slice(int(starts[i]), end if end > -x.shape[axis] - 1 else None, step)
    return x[tuple(cuts)]


def _split(call: Call, x: Any, sizes: Any = None) -> list[Any]:
    axis, count = call["axis"], len(call.node.outputs)
    if sizes is None:
        return list(np.array_split(x, count, axis))
    return list(np.split(x, np.cumsum(np.asarray(sizes, np.int64))[:-1], axis))


def _unsqueeze(call: Call, x: Any, axes: Any) -> Any:
    return np.expand_dims(x, _axes(axes, x.ndim + np.size(axes)))


def _squeeze(call: Call, x: Any, axes: Any = None) -> Any:
    return np.squeeze(x, None if axes is None else _axes(axes, x.ndim))


def _divided(x: Dim | float, by: Dim | float) -> Any:
    """A quotient of whole numbers, rounded towards 0; sizes are not negative."""
    if isinstance(x, Size) or isinstance(by, Size):
        if isinstance(by, int) and isinstance(x, Size):
            return x // by
        exact = None if isinstance(x, float) or isinstance(by, float) else quotient(x, by)
        if isinstance(by, float) and isinstance(x, Size) and (1 / by).is_integer():
            return x * int(1 / by)
        if exact is None:
            raise Refused(f"{x} / {by} is no size")
        return exact
    return int(x / by) if isinstance(x, int) and isinstance(by, int) else x / by


def _times(x: Any, by: Any) -> Any:
    if isinstance(x, float) and isinstance(by, Size):
        x, by = by, x
    if isinstance(x, Size) and isinstance(by, float):
        if not (1 / by).is_integer():
            raise Refused(f"{x} * {by} is no size")
        return x // int(1 / by)
    return x * by


def _extreme(sign: int) -> Arithmetic:
    """The larger or the smaller of two sizes, where their bounds tell."""

    def choose(x: Any, y: Any) -> Any:
        for a, b in ((x, y), (y, x)):
            low = lower_bound(a - b)
            if a == b or (low is not None and low >= 0):
                return a if sign > 0 else b
        raise Refused(f"whether {x} or {y} is larger stays open")

    return lambda call, *values: _each(choose, *values)


def _same(call: Call, x: Any, *more: Any) -> Any:
    return x


def _each(function: Arithmetic, *values: Any) -> Any:
    return np.frompyfunc(function, 2, 1)(*values) if len(values) == 2 else values[0]


def _equal(x: Any, y: Any) -> bool:
    """Whether sizes are equal for all values of the symbols, or for none."""
    if x == y:
        return True
    try:
        low, high = lower_bound(x - y), lower_bound(y - x)
    except SizeError:
        low = high = None
    if (low or 0) > 0 or (high or 0) > 0:
        return False
    raise Refused(f"whether {x} == {y} stays open")


def _where(call: Call, condition: Any, x: Any, y: Any) -> Any:
    return np.where(np.asarray(condition, bool), x, y)


def _product(call: Call, x: Any, axes: Any = None) -> Any:
    return np.prod(x, axis=None if axes is None else _axes(axes, x.ndim), keepdims=bool(call["keepdims"]))


def _sum(call: Call, x: Any, axes: Any = None) -> Any:
    return np.sum(x, axis=None if axes is None else _axes(axes, x.ndim), keepdims=bool(call["keepdims"]))


def _reshape(call: Call, x: Any, shape: Any) -> Any:
    return x.reshape([int(n) for n in shape])


def _expand(call: Call, x: Any, shape: Any) -> Any:
    return np.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(int(n) for n in shape)))


def _constant_of_shape(call: Call, shape: Any) -> Any:
    raise Refused("an array of open size")


def _mod(x: Any, y: Any) -> Any:
    return x % y


ARITHMETIC: Mapping[str, Arithmetic] = {
    **dict.fromkeys(("Cast", "Identity", "Floor", "Ceil", "Round", "Dropout", "CastLike"), _same),
    "Abs": _same,
    "Add": lambda call, x, y: x + y,
    "Concat": lambda call, *values: np.concatenate(values, axis=call["axis"]),
    "ConstantOfShape": _constant_of_shape,
    "Div": lambda call, x, y: _each(_divided, x, y),
    "Equal": lambda call, x, y: _each(_equal, x, y),
    "Expand": _expand,
    "Gather": _gather,
    "Max": _extreme(1),
    "Min": _extreme(-1),
    "Mod": lambda call, x, y: _each(_mod, x, y),
    "Mul": lambda call, x, y: _each(_times, x, y),
    "Neg": lambda call, x: -x,
    "ReduceProd": _product,
    "ReduceSum": _sum,
    "Reshape": _reshape,
    "Shape": lambda call, x: np.array(x.shape, object),
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Sub": lambda call, x, y: x - y,
    "Sum": lambda call, *values: sum(values),
    "Unsqueeze": _unsqueeze,
    "Where": _where,
}
