"""Sums, means and extremes over any axes, and the number of the largest.

The axes that go become our features, in whatever order they lie; where they are all positions and the features stay,
nothing has to move.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.interop.onnx.reading.meaning.elementwise import chained
from cnngraph.interop.onnx.reading.values import Tensor, Value
from cnngraph.ir.graph import Ref
from cnngraph.ir.op import Op
from cnngraph.ops.abs import Abs
from cnngraph.ops.add import Add
from cnngraph.ops.argmax import Argmax
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.globalmaxpool import GlobalMaxPool
from cnngraph.ops.log import Log
from cnngraph.ops.log_softmax import LogSoftmax
from cnngraph.ops.mul import Mul
from cnngraph.ops.part import Part
from cnngraph.ops.power import Power
from cnngraph.ops.reduce import Reduce
from cnngraph.ops.scale import Scale

MOST_FACTORS = 64  # numbers in a product: a node for each of them
POOLS: Mapping[str, Op] = {"mean": GlobalAvgPool(), "max": GlobalMaxPool()}
Meaning = Callable[[Call], Value]


def reduced(by: str, before: Sequence[Op] = (), after: Sequence[Op] = ()) -> Meaning:
    """A reduction with functions of each number before and after it."""

    def meaning(call: Call) -> Value:
        axes = _axes(call)
        if axes is None:
            return chained(call, call.tensor(0), *before, *after)
        found = over(call, chained(call, call.tensor(0), *before), axes, by)
        return chained(call, _without(call, found.layout, found.ref, axes), *after)

    return meaning


def _axes(call: Call) -> list[int] | None:
    """The axes that are reduced; None where the node says that no axes mean none."""
    rank = call.tensor(0).rank
    given = call.optional(1, "the axes")
    if given is None or given.size == 0:
        return None if call["noop_with_empty_axes"] else list(range(rank))
    return sorted({call.axis(int(axis), rank) for axis in given.reshape(-1)})


def over(call: Call, x: Tensor, axes: Sequence[int], by: str) -> Tensor:
    """The reduction of foreign axes, which keep a size of 1."""
    table, any_left = _with_features(call, x, axes)
    return Tensor(_of_features(call, table.ref, by), shrunk(table.layout)) if any_left else table


def _with_features(call: Call, x: Tensor, axes: Sequence[int]) -> tuple[Tensor, bool]:
    """The value with these axes as its features, and whether there is anything to reduce."""
    factors = sorted(f for axis in axes for f in x.layout.theirs[axis])
    if not factors:
        return x, False
    batch, *groups = x.layout.groups
    call.need(not set(batch) & set(factors), "it works along the batch")
    if list(groups[-1]) == factors:
        return x, True
    rest = [kept for group in groups if (kept := tuple(f for f in group if f not in factors))]
    return call.reading.arranged(x, (batch, *rest, tuple(factors)), call.path), True


def _of_features(call: Call, ref: Ref, by: str) -> Ref:
    return call.apply(Reduce(by), [ref])


def shrunk(layout: Layout) -> Layout:
    """Once the features are one number."""
    first = layout.groups[-1][0]
    return Layout((*layout.ours[:-1], ()), tuple(tuple(f for f in axis if f < first) for axis in layout.theirs))


def _without(call: Call, layout: Layout, ref: Ref, axes: Sequence[int]) -> Tensor:
    """The result, with axes of size 1 for those that are gone only where the node keeps them."""
    return Tensor(ref, layout if call["keepdims"] else layout.squeezed(axes))


def _pooled(by: str) -> Meaning:
    """Over all positions, and only over them: a pool, which keeps the features."""

    def meaning(call: Call) -> Value:
        x, axes = call.tensor(0), _axes(call)
        positions = sorted(f for group in x.layout.groups[1:-1] for f in group)
        if axes is None or not positions or sorted(f for a in axes for f in x.layout.theirs[a]) != positions:
            return reduced(by)(call)
        ref = call.apply(POOLS[by] if by in POOLS else Reduce(by, "positions"), [x.ref])
        count, own = len(x.layout.groups[0]), len(x.layout.groups[-1])
        last = len(x.layout.sizes) - own
        number = {f: f for f in range(count)} | {last + i: count + i for i in range(own)}
        theirs = tuple(tuple(number[f] for f in axis if f in number) for axis in x.layout.theirs)
        return _without(call, Layout((x.layout.ours[0], x.layout.ours[-1]), theirs), ref, axes)

    return meaning


def _log_sum_exp(call: Call) -> Value:
    """max x - max log_softmax(x): both differ from x by the same, and nothing overflows."""
    x, axes = call.tensor(0), _axes(call)
    if axes is None:
        return x
    table, kept = _with_features(call, x, axes)
    if not kept:
        return _without(call, table.layout, table.ref, axes)
    shares = call.apply(LogSoftmax(), [table.ref])
    largest, share = (call.apply(Reduce("max"), [ref]) for ref in (table.ref, shares))
    difference = call.apply(Add(), [largest, call.apply(Scale(-1.0), [share])])
    return _without(call, shrunk(table.layout), difference, axes)


def _product(call: Call) -> Value:
    """Of a few numbers: each of them by itself, and their product."""
    x, axes = call.tensor(0), _axes(call)
    if axes is None:
        return x
    table, kept = _with_features(call, x, axes)
    if not kept:
        return _without(call, table.layout, table.ref, axes)
    count = call.type_of(table.ref).channels
    call.need(isinstance(count, int) and count <= MOST_FACTORS, f"a product of more than {MOST_FACTORS} numbers")
    parts = [call.apply(Part(i, int(str(count))), [table.ref], beside=True) for i in range(int(str(count)))]
    return _without(call, shrunk(table.layout), call.apply(Mul(), parts), axes)


def _largest(sign: float) -> Meaning:
    def meaning(call: Call) -> Value:
        call.need(not call["select_last_index"], "the last of equal numbers")
        x = call.tensor(0)
        axis = call.axis(call["axis"], x.rank)
        table = call.features(chained(call, x, Scale(sign)), axis)
        layout = table.layout
        first = len(layout.sizes) - len(layout.ours[-1])
        theirs = tuple(tuple(f for f in factors if f < first) for factors in layout.theirs)
        return _without(call, Layout(layout.ours[:-1], theirs), call.apply(Argmax(), [table.ref]), [axis])

    return meaning


MEANINGS: Mapping[str, Meaning] = {
    "ArgMax": _largest(1.0),
    "ArgMin": _largest(-1.0),
    "ReduceL1": reduced("sum", before=[Abs()]),
    "ReduceL2": reduced("sum", before=[Power(2.0)], after=[Power(0.5)]),
    "ReduceLogSum": reduced("sum", after=[Log()]),
    "ReduceLogSumExp": _log_sum_exp,
    "ReduceMax": _pooled("max"),
    "ReduceMean": _pooled("mean"),
    "ReduceMin": _pooled("min"),
    "ReduceProd": _product,
    "ReduceSum": _pooled("sum"),
    "ReduceSumSquare": reduced("sum", before=[Power(2.0)]),
}
