"""Comparisons, logic and choices. A truth is a number here: 1, or 0."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from onnx import TensorProto

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.meaning.arithmetic import MAX, MUL, joined, met, minus
from cnngraph.interop.onnx.reading.meaning.attention import FAR_BELOW, where
from cnngraph.interop.onnx.reading.meaning.elementwise import chained
from cnngraph.interop.onnx.reading.values import Constant, Tensor, Value
from cnngraph.ops.abs import Abs
from cnngraph.ops.relu import Relu
from cnngraph.ops.scale import Scale
from cnngraph.ops.select import Select
from cnngraph.ops.shift import Shift
from cnngraph.ops.sign import Sign

FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
KINDS = ("float16", "bfloat16", "float32", "float64")
TRUTH = TensorProto.BOOL
NOT = (Scale(-1.0), Shift(1.0))
Meaning = Callable[[Call], Value]


def above(*, swapped: bool, denied: bool) -> Meaning:
    """Whether the first is above the second, or swapped: relu(sign(x - y)); or whether that is not so."""

    def meaning(call: Call) -> Value:
        left, right = call.value(0), call.value(1)
        difference = minus(call, right, left) if swapped else minus(call, left, right)
        return chained(call, difference, Sign(), Relu(), *(NOT if denied else ()))

    return meaning


def equal(call: Call) -> Value:
    return chained(call, minus(call, call.value(0), call.value(1)), Sign(), Abs(), *NOT)


def xor(call: Call) -> Value:
    return chained(call, minus(call, as_number(call.value(0)), as_number(call.value(1))), Abs())


def as_number(value: Value) -> Value:
    """A known truth as a number."""
    return Constant(value.array.astype(np.float32)) if isinstance(value, Constant) else value


def choice(call: Call) -> Value:
    mask, x, other = call.value(0), call.value(1), call.value(2)
    known = [value.array for value in (x, other) if isinstance(value, Constant)]
    if isinstance(mask, Constant) and len(known) == 1 and (known[0] < FAR_BELOW).all():
        return where(call)
    call.need(isinstance(mask, Tensor) or isinstance(x, Tensor) or isinstance(other, Tensor), "nothing is computed")
    return met(call, Select(), [as_number(mask), x, other])


def cast(call: Call) -> Value:
    return _as(call, int(call["to"]))


def cast_like(call: Call) -> Value:
    """Among the kinds of fractions: a constant beside a value of ours becomes a number of the language."""
    value, like = call.value(0), call.value(1)
    call.need(not isinstance(like, Constant) or like.array.dtype.name in KINDS, "numbers of few bits, or whole ones")
    if isinstance(value, Constant):
        return Constant(value.array.astype(np.float32))
    return value


def _as(call: Call, kind: int) -> Value:
    """Among the kinds of fractions nothing changes: a network computes in one of them."""
    x = call.tensor(0)
    ids = call.type_of(x.ref).vocabulary is not None
    if kind in FLOATS and not ids:
        return x
    if kind == TRUTH and not ids:
        return chained(call, x, Sign(), Abs())
    if ids and kind in FLOATS:
        call.as_numbers(x)  # what is fed as whole numbers, such as the bytes of an image
    call.need(ids and kind in (TensorProto.INT64, TensorProto.INT32), "numbers that become whole ones")
    return x


MEANINGS: Mapping[str, Meaning] = {
    "And": lambda call: joined(call, MUL, as_number(call.value(0)), as_number(call.value(1))),
    "Cast": cast,
    "CastLike": cast_like,
    "Equal": equal,
    "Greater": above(swapped=False, denied=False),
    "GreaterOrEqual": above(swapped=True, denied=True),
    "Less": above(swapped=True, denied=False),
    "LessOrEqual": above(swapped=False, denied=True),
    "Not": lambda call: chained(call, call.tensor(0), *NOT),
    "Or": lambda call: joined(call, MAX, as_number(call.value(0)), as_number(call.value(1))),
    "Where": choice,
    "Xor": xor,
}
