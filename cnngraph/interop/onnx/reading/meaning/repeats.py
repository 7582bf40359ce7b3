"""Values repeated along axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.meaning.arithmetic import broadcast, repeated_to
from cnngraph.interop.onnx.reading.values import Tensor, Value
from cnngraph.ir.size import Dim


def expand(call: Call) -> Value:
    """Axes of size 1 repeated to the sizes of a shape."""
    x = call.tensor(0)
    return _repeated(call, x, broadcast(call, [x.shape, call.dims(1, "the shape")]))


def tile(call: Call) -> Value:
    """The whole repeated along axes: each of them gets an axis before it, which is repeated and joined with it."""
    x, counts = call.tensor(0), call.dims(1, "the numbers of times")
    call.need(len(counts) == x.rank, f"{len(counts)} numbers of times for {x.rank} axes")
    places = [axis for axis, count in enumerate(counts) if count != 1]
    before = [axis + i for i, axis in enumerate(places)]
    wide = Tensor(x.ref, x.layout.unsqueezed(before))
    shape = [counts[places[before.index(i)]] if i in before else n for i, n in enumerate(wide.shape)]
    found = _repeated(call, wide, tuple(shape))
    layout = found.layout
    for axis in places:
        layout = layout.joined([axis, axis + 1])
    return Tensor(found.ref, layout)


def _repeated(call: Call, x: Tensor, shape: tuple[Dim, ...]) -> Tensor:
    return x if x.shape == shape else repeated_to(call, x, shape)


MEANINGS: Mapping[str, Callable[[Call], Value]] = {"Expand": expand, "Tile": tile}
