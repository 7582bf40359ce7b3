"""Several values, element by element."""

from __future__ import annotations

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.values import Tensor
from cnngraph.ops.add import Add


def add(call: Call) -> Tensor:
    x, y = call.tensor(0), call.tensor(1)
    call.need(x.shape == y.shape and x.layout == y.layout, "other axes")
    return call.keep(x, call.apply(Add(), [x.ref, y.ref]))


MEANINGS = {"Add": add}
