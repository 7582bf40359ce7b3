"""Normalizations of a sample by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from cnngraph.interop.onnx.reading.call import Call, shape_text
from cnngraph.interop.onnx.reading.meaning.arithmetic import met, minus
from cnngraph.interop.onnx.reading.meaning.elementwise import LARGEST, chained, limited
from cnngraph.interop.onnx.reading.meaning.reductions import over
from cnngraph.interop.onnx.reading.tables import Meaning
from cnngraph.interop.onnx.reading.values import Tensor
from cnngraph.ir.op import Array, Op
from cnngraph.ir.size import Dim
from cnngraph.ops.abs import Abs
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.div import Div
from cnngraph.ops.groupnorm import GroupNorm
from cnngraph.ops.layernorm import LayerNorm
from cnngraph.ops.normalize import Normalize
from cnngraph.ops.power import Power
from cnngraph.ops.rmsnorm import RmsNorm
from cnngraph.ops.shift import Shift

SMALLEST = 1e-30  # instead of a length of 0
MEAN_VARIANCE_EPSILON = 1e-9  # what ONNX's own definition adds


def layer_norm(call: Call) -> tuple[Tensor, ...]:
    """Over the last axes together; further outputs are their mean, and one by their deviation."""
    y = _over_last_axes(call, LayerNorm(short(call["epsilon"])), shifted=True)
    return (y, *_statistics(call, call.tensor(0))) if len(call.node.outputs) > 1 else (y,)


def _statistics(call: Call, x: Tensor) -> tuple[Tensor, Tensor]:
    axes = range(call.axis(call["axis"], x.rank), x.rank)
    mean = over(call, x, axes, "mean")
    squares = chained(call, minus(call, x, mean), Power(2.0))
    variance = over(call, squares, axes, "mean")
    return mean, chained(call, variance, Shift(short(call["epsilon"])), Power(-0.5))


def rms_norm(call: Call) -> Tensor:
    return _over_last_axes(call, RmsNorm(short(call["epsilon"])), shifted=False)


def _over_last_axes(call: Call, op: Op, shifted: bool) -> Tensor:
    x = call.tensor(0)
    axes = range(call.axis(call["axis"], x.rank), x.rank)
    sizes = [x.shape[axis] for axis in axes]
    table, order = _with_features(call, x, axes)
    weights = {"scale": _spread(call, call.constant(1, "the scale"), sizes)[order]}
    if shifted:
        shift = call.optional(2, "the shift")
        whole = np.zeros(len(order), np.float32) if shift is None else _spread(call, shift, sizes)[order]
        weights["shift"] = whole
    return call.keep(table, call.apply(op, [table.ref], weights))


def _with_features(call: Call, x: Tensor, axes: Sequence[int]) -> tuple[Tensor, Array]:
    """The value with these axes as its features, as they lie; the place of each among the foreign ones."""
    factors = [f for axis in axes for f in x.layout.theirs[axis]]
    sizes = [x.layout.sizes[f] for f in factors]
    call.need(all(isinstance(n, int) for n in sizes), "statistics over axes of open size")
    batch, *groups = x.layout.groups
    call.need(not set(batch) & set(factors), "statistics over the batch")
    places = np.arange(prod(sizes, start=1)).reshape(sizes).transpose(np.argsort(factors)).reshape(-1)  # type: ignore[arg-type]
    if list(groups[-1]) == sorted(factors):
        return x, places
    rest = [kept for group in groups if (kept := tuple(f for f in group if f not in factors))]
    return call.reading.arranged(x, (batch, *rest, tuple(sorted(factors))), call.path), places


def _spread(call: Call, array: Array, sizes: Sequence[Dim]) -> Array:
    """A weight for each number of the last axes."""
    try:
        return np.broadcast_to(array, tuple(sizes)).reshape(-1)  # type: ignore[arg-type]
    except ValueError:
        call.need(False, f"weights of the shape {array.shape} for axes of {list(map(str, sizes))}")
        raise


def group_norm(call: Call) -> Tensor:
    """Up to opset 20 with a scale for each group, which is told by the attribute `of_groups`."""
    groups, scale, shift = call["num_groups"], call.constant(1, "the scale"), call.constant(2, "the shift")
    channels = call.tensor(0).shape[1]
    if call["of_groups"] and isinstance(channels, int) and len(scale) == groups:
        scale, shift = (np.repeat(array, channels // groups) for array in (scale, shift))
    return grouped(call, groups, short(call["epsilon"]), {"scale": scale, "shift": shift})


def instance_norm(call: Call) -> Tensor:
    weights = {"scale": call.constant(1, "the scale"), "shift": call.constant(2, "the shift")}
    return grouped(call, len(weights["scale"]), short(call["epsilon"]), weights)


def mean_variance(call: Call) -> Tensor:
    """Over the positions, over channels and positions, or over any axes; ONNX's default takes the batch as well."""
    x, channels = call.tensor(0), call.tensor(0).shape[1]
    axes = {call.axis(axis, x.rank) for axis in call["axes"]}
    if axes - {1} != set(range(2, x.rank)):
        table, places = _with_features(call, x, sorted(axes))
        plain = {"scale": np.ones(len(places), np.float32), "shift": np.zeros(len(places), np.float32)}
        return call.keep(table, call.apply(LayerNorm(MEAN_VARIANCE_EPSILON), [table.ref], plain))
    call.need(isinstance(channels, int), "channels of open number")
    count = int(str(channels))
    weights = {"scale": np.ones(count, np.float32), "shift": np.zeros(count, np.float32)}
    return grouped(call, 1 if 1 in axes else count, MEAN_VARIANCE_EPSILON, weights)


def grouped(call: Call, groups: int, epsilon: float, weights: Mapping[str, Array]) -> Tensor:
    """Statistics of neighbouring channels over all positions."""
    x = call.tensor(0)
    return call.of_grid(call.apply(GroupNorm(groups, epsilon), [call.grid(x)], weights), x.rank)


def along(call: Call, op: type[LayerNorm] | type[RmsNorm]) -> Tensor:
    """`LayerNorm`, `RmsNorm`: along one axis, with weights that are on it if so many axes are `behind` them."""
    x = call.tensor(0)
    axis = call.axis(call["axis"], x.rank)
    behind = call["behind"]
    call.need(behind is None or x.rank - 1 - behind == axis, "weights on another axis than that of the norm")
    table, order = _with_features(call, x, [axis])
    scale, shift = call.optional(1, "the scale"), call.optional(2, "the shift")
    weights = {"scale": np.ones(len(order), np.float32) if scale is None else scale}
    if op is LayerNorm:
        weights["shift"] = np.zeros(len(order), np.float32) if shift is None else shift
    call.need(all(w.size == len(order) for w in weights.values()), f"weights for other than {len(order)} features")
    ordered = {name: array[order] for name, array in weights.items()}
    return call.keep(table, call.apply(op(short(call["epsilon"])), [table.ref], ordered))


def grouped_along(call: Call) -> Tensor:
    """`GroupNorm`: brought back to a shape, which has to be its own; with weights for each channel, or none."""
    x = call.tensor(0)
    _require_shape(call, x, 1)
    channels = x.shape[1] if x.rank > 1 else None
    call.need(isinstance(channels, int), "channels of open number")
    call.need(call["behind"] in (None, x.rank - 2), "weights on another axis than the channels")
    scale, shift = call.optional(2, "the scale"), call.optional(3, "the shift")
    count = int(str(channels))
    weights = {
        "scale": np.ones(count, np.float32) if scale is None else scale,
        "shift": np.zeros(count, np.float32) if shift is None else shift,
    }
    return grouped(call, call["groups"], short(call["epsilon"]), weights)


def length_along(call: Call) -> Tensor:
    """`Length`: the value over its length, which was spread to a shape that has to be its own."""
    x = call.tensor(0)
    _require_shape(call, x, 1)
    x = call.features(x, call["axis"])
    return call.keep(x, call.apply(Normalize(), [x.ref]))


def _require_shape(call: Call, x: Tensor, place: int) -> None:
    """Refuse unless an input is the shape of x; what it leaves open, or its batch, may be anything."""
    sizes = call.dims(place)
    kept = len(sizes) == x.rank and all(
        n in (-1, 0, size) or axis == x.layout.batch for axis, (n, size) in enumerate(zip(sizes, x.shape, strict=True))
    )
    call.need(kept, f"{shape_text(x.shape)} that becomes {shape_text(sizes)}")


def line(call: Call) -> Tensor:
    """`Line`: (x - mean) / deviation * scale + shift along one axis, with so many axes behind it."""
    x = call.tensor(0)
    axis = x.rank - 1 - call["behind"]
    call.need(axis >= 0 and x.rank >= call["rank"], "numbers of more axes than the value has")
    table, order = _with_features(call, x, [axis])
    names = ("scale", "shift", "mean", "variance")
    weights = {name: call.constant(place) for place, name in enumerate(names, start=1)}
    call.need(all(w.size == len(order) for w in weights.values()), f"numbers for other than {len(order)} features")
    ordered = {name: array[order] for name, array in weights.items()}
    return call.keep(table, call.apply(BatchNorm(short(call["epsilon"])), [table.ref], ordered))


def length(call: Call) -> Tensor:
    """By the root of the squares, or by the absolute values; what is 0 everywhere stays so."""
    call.need(call["p"] in (1, 2), f"p = {call['p']}")
    if call["p"] == 1:
        x = call.tensor(0)
        sums = over(call, chained(call, x, Abs()), [call.axis(call["axis"], x.rank)], "sum")
        return met(call, Div(), [x, limited(call, sums, SMALLEST, LARGEST)])
    x = call.features(call.tensor(0), call["axis"])
    return call.keep(x, call.apply(Normalize(), [x.ref]))


def short(value: float) -> float:
    """The number of float32 as people write it.

    >>> short(9.999999974752427e-07)
    1e-06
    """
    return float(str(np.float32(value)))


MEANINGS: Mapping[str, Meaning] = {
    "GroupNormalization": group_norm,
    "InstanceNormalization": instance_norm,
    "LayerNormalization": layer_norm,
    "LpNormalization": length,
    "MeanVarianceNormalization": mean_variance,
    "RMSNormalization": rms_norm,
    "cnngraph.GroupNorm": grouped_along,
    "cnngraph.Length": length_along,
    "cnngraph.Line": line,
    "cnngraph.LayerNorm": lambda call: along(call, LayerNorm),
    "cnngraph.RmsNorm": lambda call: along(call, RmsNorm),
}
