"""How one operator is cut for several workers where there are not enough samples: by rows of positions, or by features.

    rows        x  [=== halo|====]      each part reads the rows that its windows reach, and writes its own rows
    features    weight [.. | ..]        each part has its own columns of the weight, and writes its own channels

A part is a task of its own, on cuts of the same arrays. How many parts there are never depends on the workers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from cnngraph.ir.op import Op
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Geometry
from cnngraph.kernels.kernel import Key, Task
from cnngraph.ops.conv import Conv
from cnngraph.ops.dense import Dense
from cnngraph.ops.fused import Fused
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.linear import Linear
from cnngraph.ops.maxpool import MaxPool

FEATURE_STEP = 16  # features of a part are whole vector registers

Cut = tuple[int, int, int]  # axis, start, stop


@dataclass(frozen=True)
class Part:
    """One part: its task, and which cuts of the inputs and of the result it takes; None is the whole array."""

    task: Task
    inputs: tuple[Cut | None, ...]
    output: Cut


def ways_to_cut(task: Task, count: int) -> tuple[tuple[Part, ...], ...]:
    """Every way to cut a task into about `count` parts."""
    ways = (cut(task, count) for cut in _CUTS.get(task.key, ()))
    return tuple(parts for parts in ways if len(parts) > 1)


def bounds(size: int, count: int, step: int = 1) -> list[tuple[int, int]]:
    """`size` in at most `count` parts as equal as can be, all but the last multiples of `step`.

    >>> bounds(10, 4), bounds(40, 4, 16), bounds(6, 4, 16)
    ([(0, 3), (3, 5), (5, 8), (8, 10)], [(0, 16), (16, 32), (32, 40)], [(0, 6)])
    """
    units = max(size // step, 1)
    starts = {step * -(-units * i // count) for i in range(count)}
    return list(pairwise([*sorted(start for start in starts if start < size), size]))


def _rows(task: Task, count: int) -> tuple[Part, ...]:
    """Rows of the first axis of positions, of a single sample."""
    x, y = task.main_inputs[0], task.outputs[0]
    if number(y.shape[0]) != 1 or len(y.shape) < 3:
        return ()
    g: Geometry = task.main.geometry(x)  # type: ignore[attr-defined]
    return tuple(_row_part(task, g, a, b) for a, b in bounds(number(y.shape[1]), count))


def _row_part(task: Task, g: Geometry, start: int, stop: int) -> Part:
    rows = number(task.main_inputs[0].shape[1])
    low = start * g.stride[0] - g.pad[0][0]
    high = (stop - 1) * g.stride[0] - g.pad[0][0] + g.extent[0]
    first, last = max(low, 0), min(high, rows)
    pad = ((first - low, high - last), *g.pad[1:])
    main = replace(task.main, pad=pad)  # type: ignore[call-arg]
    cuts: list[Cut | None] = [(1, first, last), *(None for _ in task.main_inputs[1:])]
    behind = task.inputs[len(task.main_inputs) :]
    cuts += [(1, start, stop) if t.shape == task.outputs[0].shape else None for t in behind]
    return _part(task, main, cuts, (1, start, stop))


def _features(task: Task, count: int) -> tuple[Part, ...]:
    """Columns of the weight: features of the result."""
    width = number(task.outputs[0].shape[-1])
    if getattr(task.main, "groups", 1) != 1:
        return ()
    return tuple(_feature_part(task, a, b) for a, b in bounds(width, count, FEATURE_STEP))


def _feature_part(task: Task, start: int, stop: int) -> Part:
    width = task.outputs[0].shape[-1]
    main = replace(task.main, features=stop - start)  # type: ignore[call-arg]
    # x stays whole; whatever else has the features as its last axis (weight, bias, skip, vector) is cut
    cuts = [None, *((len(t.shape) - 1, start, stop) if t.shape[-1:] == (width,) else None for t in task.inputs[1:])]
    return _part(task, main, cuts, (len(task.outputs[0].shape) - 1, start, stop))


def _input_channels(task: Task, count: int) -> tuple[Part, ...]:
    """Rows of the weight of a linear map: channels of its input, for the gradient by the input or by the weight."""
    op = task.op
    assert isinstance(op, Gradient)
    found = []
    for start, stop in bounds(number(op.input_types[1].shape[0]), count, FEATURE_STEP):
        x = _cut_type(op.input_types[0], (len(op.input_types[0].shape) - 1, start, stop))
        weight = _cut_type(op.input_types[1], (0, start, stop))
        main = replace(op, input_types=(x, weight, *op.input_types[2:]))
        by_x = op.wanted == ("x",)
        inputs = (None, (0, start, stop) if by_x else (len(x.shape) - 1, start, stop))
        found.append(_part(task, main, inputs, (len(x.shape) - 1 if by_x else 0, start, stop)))
    return tuple(found)


def _part(task: Task, main: Op, cuts: Sequence[Cut | None], output: Cut) -> Part:
    op = replace(task.op, first=main) if isinstance(task.op, Fused) else main
    inputs = tuple(t if cut is None else _cut_type(t, cut) for t, cut in zip(task.inputs, cuts, strict=True))
    return Part(Task(op, inputs, (_cut_type(task.outputs[0], output),)), tuple(cuts), output)


def _cut_type(type_: TensorType, cut: Cut) -> TensorType:
    axis, start, stop = cut
    return replace(type_, shape=(*type_.shape[:axis], stop - start, *type_.shape[axis + 1 :]))


_CUTS: Mapping[Key, tuple[Callable[[Task, int], tuple[Part, ...]], ...]] = {
    (Conv, ""): (_rows, _features),
    (MaxPool, ""): (_rows,),
    **{
        key: ways
        for cls in (Dense, Linear)
        for key, ways in {
            (cls, ""): (_features,),
            (cls, "x"): (_input_channels,),
            (cls, "weight"): (_input_channels,),
        }.items()
    },
}
"""Operators whose parts are worth a worker."""
