"""What moves no number: reshapes, transposes, axes of size 1."""

from __future__ import annotations

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.interop.onnx.reading.values import Tensor
from cnngraph.ir.size import Dim


def flatten(call: Call) -> Tensor:
    x = call.tensor(0)
    axis = x.rank if call["axis"] == x.rank else call.axis(call["axis"], x.rank)
    groups = (x.layout.theirs[:axis], x.layout.theirs[axis:])
    theirs = tuple(tuple(f for factors in group for f in factors) for group in groups)
    return Tensor(x.ref, type(x.layout)(x.layout.ours, theirs))


def transpose(call: Call) -> Tensor:
    x = call.tensor(0)
    return Tensor(x.ref, x.layout.permuted(call["perm"] or range(x.rank)[::-1]))


def reshaped(call: Call, x: Tensor, shape: list[Dim]) -> Tensor:
    """x under another shape; joined to one axis first where its factors do not fit."""
    layout = x.layout.reshaped(shape, call.reading.batch)
    if layout is None:
        x = call.arranged(x, [[0], list(range(1, x.rank))])
        joined = Layout((x.layout.ours[0], (x.layout.size(x.layout.groups[1]),)), ((0,), (1,)))
        layout = joined.reshaped(shape, call.reading.batch)
    call.need(layout is not None, f"{x.shape} cannot become {shape} without cutting the batch")
    assert layout is not None
    return Tensor(x.ref, layout)


def reshape(call: Call) -> Tensor:
    x, wanted = call.tensor(0), call.dims(1, "the shape")
    shape = [x.shape[i] if n == 0 and not call["allowzero"] and i < x.rank else n for i, n in enumerate(wanted)]
    return reshaped(call, x, shape)


MEANINGS = {"Flatten": flatten, "Reshape": reshape, "Transpose": transpose}
