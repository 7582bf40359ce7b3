"""Windows that slide over positions: all of them take channels first."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from cnngraph.interop.onnx.writing.boundary import channels_first
from cnngraph.interop.onnx.writing.sheet import Value
from cnngraph.interop.onnx.writing.site import Inexpressible, Site
from cnngraph.ir.op import Array
from cnngraph.ir.types import positions_text
from cnngraph.ir.window import Geometry, spread
from cnngraph.ops.pool import cell_of

SLICE = ("starts", "ends", "axes", "steps")
"""What a Slice reads behind its input."""


def laid(g: Geometry) -> dict[str, Any]:
    """A window as attributes."""
    befores, afters = zip(*g.pad, strict=True)
    holes = {"dilations": list(g.dilation)} if set(g.dilation) != {1} else {}
    return {"kernel_shape": list(g.size), "strides": list(g.stride), "pads": [*befores, *afters], **holes}


def conv(site: Site) -> Value:
    g = site.op.geometry(site.type())
    window = len(g.size)
    weight = site.kept(1, (window + 1, window, *range(window)))  # (features, channels of a group, window...)
    bias = [site.kept(2)] if site.op.bias else []
    return site.counterpart(site.first(), weight, *bias, axes=channels_first(site.rank()), **laid(g))


def upconv(site: Site) -> Value:
    rank = site.rank() - 2
    g, groups = site.op.geometry(rank), site.op.groups
    *window, channels, features = site.type(1).concrete
    g, added = _within_the_stride(g, site.op.added(rank))
    weight = site.kept(
        1,
        (rank + 1, rank, rank + 2, *range(rank)),  # (groups, channels of a group, features of a group, window...)
        cut=(*window, channels, groups, features // groups),
        shape=(channels * groups, features // groups, *window),
    )
    bias = [site.kept(2)] if site.op.bias else []
    axes = channels_first(site.rank())
    return site.counterpart(site.first(), weight, *bias, axes=axes, **laid(g), output_padding=added)


def _within_the_stride(g: Geometry, added: tuple[int, ...]) -> tuple[Geometry, list[int]]:
    """ONNX Runtime adds fewer positions than the stride: of more, those that are taken off at the end stay instead."""
    spared = [min(n, p[1]) if n >= step else 0 for n, p, step in zip(added, g.pad, g.stride, strict=True)]
    pad = tuple((before, after - n) for (before, after), n in zip(g.pad, spared, strict=True))
    return replace(g, pad=pad), [n - s for n, s in zip(added, spared, strict=True)]


def pool(site: Site) -> Value:
    return site.counterpart(site.first(), axes=channels_first(site.rank()), **laid(site.op.geometry(site.type())))


def minpool(site: Site) -> Value:
    """The largest of the negative, turned again."""
    g = site.op.geometry(site.type())
    negative = site.add("Neg", site.first())
    largest = site.add("MaxPool", negative, **laid(g), ceil_mode=int(g.ceil))
    return site.result("Neg", largest, axes=channels_first(site.rank()))


def sumpool(site: Site) -> Value:
    """A convolution with ones."""
    kernel = _kernel(site, np.ones(site.op.geometry(site.type()).size))
    return site.result("Conv", site.first(), kernel, axes=channels_first(site.rank()), **_by_channel(site))


def gaussianpool(site: Site) -> Value:
    """The weighted sum of what lies inside the input, over the sum of the weights there."""
    x = site.first()
    kernel = _kernel(site, site.op.weights_of(site.op.geometry(site.type()).size))
    ones = site.add("Expand", site.numbers("one", 1), site.add("Shape", x), name="ones")
    sums = site.add("Conv", x, kernel, name="sums", **_by_channel(site))
    totals = site.add("Conv", ones, kernel, name="totals", **_by_channel(site))
    return site.result("Div", sums, totals, axes=channels_first(site.rank()))


def _kernel(site: Site, weights: Array) -> str:
    """The same window of weights for each channel."""
    return site.numbers("window", np.broadcast_to(weights, (_channels(site), 1, *weights.shape)))


def _by_channel(site: Site) -> dict[str, Any]:
    """The window as a convolution of each channel, padded by zeros as far as it reaches."""
    g, positions = site.op.geometry(site.type()), site.type().positions
    if g.ceil and all(isinstance(size, int) for size in positions):
        g = g.covering(_positions(site))
    elif g.ceil:  # with a step less one more at the end, what is rounded down is rounded up
        g = replace(g, pad=tuple((a, b + step - 1) for (a, b), step in zip(g.pad, g.stride, strict=True)))
    return {**laid(g), "group": _channels(site)}


def _channels(site: Site) -> int:
    channels = site.type().channels
    if isinstance(channels, int):
        return channels
    raise Inexpressible(f"its number of channels is open: {channels}")


def _positions(site: Site) -> tuple[int, ...]:
    positions = site.type().positions
    if all(isinstance(size, int) for size in positions):
        return tuple(size for size in positions if isinstance(size, int))
    raise Inexpressible(f"its positions are open: {positions_text(positions)}")


def medianpool(site: Site) -> Value:
    """The values of each window along an axis of their own, in order; then those in the middle."""
    g, positions = site.op.laid((1, *_positions(site), 1))
    rank = len(positions)
    befores, afters = zip(*g.pad, strict=True)
    pads, beyond = site.whole("pads", [0, 0, *befores, 0, 0, *afters]), site.numbers("beyond", np.inf)
    x = site.add("Pad", site.first(), pads, beyond) if any(map(any, g.pad)) else site.first()
    values = [
        site.add("Unsqueeze", _moved(site, x, offset, g, positions), site.whole("behind", [rank + 2]))
        for offset in product(*map(range, g.size))
    ]
    count = site.whole("count", [len(values)])
    windows = site.add("Concat", *values, axis=rank + 2)
    ordered = site.add("TopK", windows, count, name="ordered", axis=rank + 2, largest=0, outputs=2)
    low, high = (_ranked(site, ordered, ranks, positions) for ranks in site.op.ranks((1, *_positions(site), 1)))
    return site.result("Mean", low, high, axes=channels_first(site.rank()))


def _moved(site: Site, x: str, offset: tuple[int, ...], g: Geometry, positions: tuple[int, ...]) -> str:
    """One value of each window: all positions that lie so far behind the beginning of one."""
    ends = [start + (n - 1) * step + 1 for start, n, step in zip(offset, positions, g.stride, strict=True)]
    limits = (list(offset), ends, range(2, len(positions) + 2), list(g.stride))
    return site.add("Slice", x, *(site.whole(name, each) for name, each in zip(SLICE, limits, strict=True)))


def _ranked(site: Site, ordered: str, ranks: Array, positions: tuple[int, ...]) -> str:
    """Of each window the value with this rank, where padding makes windows of several sizes."""
    last = len(positions) + 2
    places = np.broadcast_to(ranks.reshape(1, 1, *ranks.shape[1:-2], 1), (1, 1, *positions, 1))
    shape = site.add("Concat", site.add("Shape", ordered, end=last), site.whole("one", [1]), name="shape", axis=0)
    ranks_of_all = site.add("Expand", site.numbers("ranks", places, "int64"), shape)
    chosen = site.add("GatherElements", ordered, ranks_of_all, axis=last)
    return site.add("Squeeze", chosen, site.whole("behind", [last]))


def adaptive(site: Site, pooled: str, reduced: str) -> Value:
    """Equal cells are the windows of a pool; others are cut out, along one axis after the other."""
    sizes, counts = site.type().positions, site.op.counts(site.rank() - 2)
    axes = channels_first(site.rank())
    if all(isinstance(n, int) and n % count == 0 for n, count in zip(sizes, counts, strict=True)):
        window = [n // count for n, count in zip(_positions(site), counts, strict=True)]
        return site.result(pooled, site.first(), axes=axes, kernel_shape=window, strides=window)
    x = site.first()
    for axis, (n, count) in enumerate(zip(sizes, counts, strict=True), start=2):
        if count == 1:
            x = site.add(reduced, x, site.whole("axis", [axis]), keepdims=1)
        elif n != count:
            x = site.add("Concat", *_cells(site, x, axis, _positions(site)[axis - 2], count, reduced), axis=axis)
    return site.result("Identity", x, axes=axes)


def _cells(site: Site, x: str, axis: int, n: int, count: int, reduced: str) -> list[str]:
    found = []
    for cell in (cell_of(place, n, count) for place in range(count)):
        limits = zip(SLICE, ([cell.start], [cell.stop], [axis]), strict=False)
        part = site.add("Slice", x, *(site.whole(name, each) for name, each in limits))
        found.append(site.add(reduced, part, site.whole("axis", [axis]), keepdims=1))
    return found


def global_pool(site: Site) -> Value:
    """ONNX keeps the positions as axes of 1."""
    found = site.op.onnx().operator
    return site.result("Flatten", site.add(found, site.first()), axes=(0, 1))


def upsample(site: Site) -> Value:
    positions = site.type().positions
    factors = [1, 1, *spread("upsample", "factor", site.op.factor, len(positions))]
    scales = site.numbers("scales", factors, "float32")
    return site.counterpart(site.first(), "", scales, axes=channels_first(site.rank()))


def resize(site: Site) -> Value:
    """By sizes: those of the positions alone, so that the batch stays open."""
    rank = site.rank()
    sizes = site.whole("sizes", site.op.counts(rank - 2))
    own = {"axes": list(range(2, rank)), **site.op.onnx().attributes}
    resized = site.add("Resize", site.first(), "", "", sizes, **own)
    return site.result("Identity", resized, axes=channels_first(rank))


WAYS = {
    "adaptive_avgpool": partial(adaptive, pooled="AveragePool", reduced="ReduceMean"),
    "adaptive_maxpool": partial(adaptive, pooled="MaxPool", reduced="ReduceMax"),
    **dict.fromkeys(("avgpool", "l2pool", "maxpool"), pool),
    **dict.fromkeys(("globalavgpool", "globalmaxpool"), global_pool),
    "conv": conv,
    "gaussianpool": gaussianpool,
    "medianpool": medianpool,
    "minpool": minpool,
    "sumpool": sumpool,
    "upconv": upconv,
    "resize": resize,
    "upsample": upsample,
}
