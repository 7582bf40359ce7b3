"""What moves no number: reshapes, transposes, axes of size 1; and the sizes of a value as a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnngraph.interop.onnx.reading.call import Call, shape_text
from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.interop.onnx.reading.values import Constant, Sizes, Tensor, Value
from cnngraph.ir.size import Dim


def flatten(call: Call) -> Tensor:
    x = call.tensor(0)
    axis = x.rank if call["axis"] == x.rank else call.axis(call["axis"], x.rank)
    before, after = (tuple(f for one in part for f in one) for part in (x.layout.theirs[:axis], x.layout.theirs[axis:]))
    return as_vector(call, Tensor(x.ref, Layout(x.layout.ours, (before, after)), call.path))


def as_vector(call: Call, x: Tensor) -> Tensor:
    """Where all values of a sample are one foreign axis, they are a vector here too, in our order."""
    batch, rest = x.layout.groups[0], tuple(f for group in x.layout.groups[1:] for f in group)
    if len(x.layout.groups) < 3 or x.layout.theirs[0] != batch or set(x.layout.theirs[-1]) != set(rest):
        return x
    return call.reading.arranged(x, (batch, rest), call.path)


def transpose(call: Call) -> Tensor:
    x = call.tensor(0)
    order = call["perm"] or range(x.rank)[::-1]
    call.need(sorted(order) == list(range(x.rank)), f"the order {list(order)} is none of {x.rank} axes")
    return Tensor(x.ref, x.layout.permuted(order), x.path or call.path)


def squeeze(call: Call) -> Tensor:
    x, given = call.tensor(0), call.optional(1, "the axes")
    if given is None:
        axes = [axis for axis, size in enumerate(x.shape) if size == 1]
    else:
        axes = [call.axis(int(axis), x.rank) for axis in given.reshape(-1)]
    call.need(all(x.shape[axis] == 1 for axis in axes), f"an axis of {shape_text(x.shape)} that is not 1")
    return Tensor(x.ref, x.layout.squeezed(axes))


def unsqueeze(call: Call) -> Tensor:
    x, given = call.tensor(0), call.constant(1, "the axes").reshape(-1)
    rank = x.rank + given.size
    return Tensor(x.ref, x.layout.unsqueezed([call.axis(int(axis), rank) for axis in given]))


def reshape(call: Call) -> Tensor:
    x, wanted = call.tensor(0), call.dims(1, "the shape")
    call.need(sum(n == -1 for n in wanted) < 2, f"the shape {shape_text(wanted)} has two open sizes")
    kept = [bool(n == 0 and not call["allowzero"]) for n in wanted]
    call.need(not any(kept[x.rank :]), f"the shape {shape_text(wanted)} keeps a size that is not there")
    sizes = [x.shape[i] if keep else n for i, (n, keep) in enumerate(zip(wanted, kept, strict=True))]
    return shuffled(call, as_vector(call, reshaped(call, x, sizes)))


def shuffled(call: Call, x: Tensor) -> Tensor:
    """The value with a shuffle where it stands, if its features are two factors that were exchanged."""
    group = x.layout.groups[-1] if len(x.layout.groups) > 1 else ()
    turned = [axis for axis, factors in enumerate(x.layout.theirs) if len(factors) == 2 and factors == group[::-1]]
    return call.features(x, turned[0]) if turned else x


def reshaped(call: Call, x: Tensor, shape: list[Dim]) -> Tensor:
    """x under another shape; where its factors do not fit, they are joined to one first, in the foreign order."""
    layout = x.layout.reshaped(shape, call.reading.batch)
    if layout is None:
        call.need(x.layout.batch in (None, 0), f"{shape_text(x.shape)} as {shape_text(shape)} cuts the batch")
        batch = [0] if x.layout.batch == 0 else []
        x = call.arranged(x, [batch, [axis for axis in range(x.rank) if axis not in batch]])
        joined = Layout(tuple((x.layout.size(group),) if group else () for group in x.layout.groups), ((0,), (1,)))
        joined = joined if batch else Layout(joined.ours, ((), (0,)))
        layout = joined.reshaped(shape, call.reading.batch)
    call.need(layout is not None, f"{shape_text(x.shape)} cannot become {shape_text(shape)}")
    assert layout is not None
    return Tensor(x.ref, layout, call.path)


def aligned(call: Call) -> Value:
    """The second value with axes of size 1 behind its own, which then stand below those of the first from `axis` on."""
    first, value = call.value(0), call.value(1)
    rank = len(value.shape)
    after = len(first.shape) - call.axis(call["axis"], len(first.shape)) - rank
    call.need(after >= 0 and not isinstance(value, Sizes), "operands that do not meet")
    if isinstance(value, Constant):
        return Constant(value.array.reshape(*value.array.shape, *(1,) * after))
    x = call.tensor(1)
    return Tensor(x.ref, x.layout.unsqueezed(range(rank, rank + after)))


def shape(call: Call) -> Value:
    x = call.value(0)
    sizes = list(x.shape)[slice(call["start"] or 0, call["end"])]
    return call.settled(sizes)


def size(call: Call) -> Value:
    total: Dim = 1
    for n in call.value(0).shape:
        total = total * n
    return call.settled(total)


MEANINGS: Mapping[str, Callable[[Call], Value]] = {
    "Flatten": flatten,
    "Reshape": reshape,
    "Shape": shape,
    "Size": size,
    "Squeeze": squeeze,
    "Transpose": transpose,
    "cnngraph.Aligned": aligned,
    "Unsqueeze": unsqueeze,
}
