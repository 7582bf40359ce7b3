"""Convolutions and pools: windows that slide over the positions, in each channel or across them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.values import Constant, Tensor, Value
from cnngraph.ir.op import Array, Op
from cnngraph.ir.size import Dim
from cnngraph.ir.window import Padding, Window
from cnngraph.ops.abs import Abs
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.conv import Conv
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.globalmaxpool import GlobalMaxPool
from cnngraph.ops.l2pool import L2Pool
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.power import Power
from cnngraph.ops.reduce import Reduce
from cnngraph.ops.sumpool import SumPool
from cnngraph.ops.upconv import UpConv

Pairs = list[tuple[int, int]]


@dataclass(frozen=True)
class Laid:
    """A window as a node gives it: an entry for each axis of positions."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]

    @property
    def extents(self) -> list[int]:
        """Positions that a window covers, holes included."""
        return [d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilations, strict=True)]

    @property
    def pad(self) -> Padding:
        """As people write it: `same`, a number, one for each axis, or pairs."""
        middles = tuple((e // 2, e // 2) for e in self.extents)
        if self.pads == middles and any(map(any, self.pads)) and all(e % 2 for e in self.extents):
            return "same"
        sides = [before if before == after else (before, after) for before, after in self.pads]
        return sides[0] if len(set(sides)) == 1 and isinstance(sides[0], int) else tuple(sides)

    def window(self, own: tuple[int, ...]) -> Window:
        """With its stride, unless that is the operator's own."""
        return Window(self.kernel, None if self.strides == own else self.strides)

    @property
    def dilation(self) -> int | tuple[int, ...]:
        return self.dilations[0] if len(set(self.dilations)) == 1 else self.dilations


def laid(call: Call, x: Tensor, kernel: Sequence[int], pads: Pairs | None = None) -> Laid:
    """The window of a node over x; `SAME_UPPER` and the like are worked out for the sizes of x."""
    rank = x.rank - 2
    call.need(rank > 0, "there are no positions to slide over")
    kernel = tuple(call["kernel_shape"] or kernel)
    strides, dilations = (tuple(call[name] or (1,) * rank) for name in ("strides", "dilations"))
    call.need(len(kernel) == len(strides) == len(dilations) == rank, f"its window is not one of {rank} axes")
    found = Laid(kernel, strides, dilations, ((0, 0),) * rank)
    mode = call["auto_pad"] or "NOTSET"
    if pads is None and mode.startswith("SAME"):
        pads = [
            _shared(_total(call, n, e, s), mode)
            for n, e, s in zip(x.shape[2:], found.extents, strides, strict=True)
        ]
    elif pads is None:
        given = [0] * 2 * rank if mode == "VALID" else call["pads"] or [0] * 2 * rank
        call.need(len(given) == 2 * rank, f"its pads are not those of {rank} axes")
        pads = list(zip(given[:rank], given[rank:], strict=True))
    return Laid(kernel, strides, dilations, tuple(pads))


def _total(call: Call, n: Dim, extent: int, stride: int) -> int:
    """The padding of one axis that makes ceil(n / stride) windows fit."""
    if stride == 1:
        return extent - 1
    left = n % stride
    call.need(isinstance(left, int), f"its padding depends on the open size {n}")
    return max(extent - (stride if left == 0 else int(str(left))), 0)


def _shared(total: int, mode: str) -> tuple[int, int]:
    """Padding at both sides; an odd one goes after the last position, or with SAME_LOWER before the first."""
    small, large = total // 2, total - total // 2
    return (small, large) if mode == "SAME_UPPER" else (large, small)


# ---- convolutions ----


def conv(call: Call) -> Tensor:
    x, weight = call.tensor(0), call.constant(1, "the weight")
    bias = _bias(call)
    call.need(weight.ndim == x.rank, f"its weight has {weight.ndim} axes, and x has {x.rank}")
    w = laid(call, x, weight.shape[2:])
    call.need(w.kernel == weight.shape[2:], f"its kernel_shape {w.kernel} is not that of its weight {weight.shape}")
    op = Conv(len(weight), w.window((1,) * len(w.kernel)), w.pad, bool(bias), call["group"], w.dilation)
    kernel = np.moveaxis(weight, (0, 1), (-1, -2))  # (window..., channels of a group, features)
    return call.of_grid(call.apply(op, [call.grid(x)], {"weight": kernel, **bias}))


def conv_transpose(call: Call) -> Tensor:
    x, weight = call.tensor(0), call.constant(1, "the weight")
    bias = _bias(call)
    groups, rank = call["group"], x.rank - 2
    call.need(weight.ndim == x.rank, f"its weight has {weight.ndim} axes, and x has {x.rank}")
    call.need(groups > 0 and len(weight) % groups == 0, f"{groups} groups do not divide {len(weight)} channels")
    added = [int(n) for n in call["output_padding"] or (0,) * rank]
    pads, added = _asked_for(call, x, weight.shape[2:], added)
    w = laid(call, x, weight.shape[2:], pads)
    features = weight.shape[1] * groups
    extra = 0 if not any(added) else added[0] if len(set(added)) == 1 else tuple(added)
    op = UpConv(
        features, w.window((1,) * rank), w.pad, bool(bias), groups, w.dilation, output_padding=extra
    )
    parts = [np.moveaxis(part, (0, 1), (-2, -1)) for part in np.split(weight, groups)]
    kernel = np.concatenate(parts, axis=-1)  # (window..., channels of a group, features)
    return call.of_grid(call.apply(op, [call.grid(x)], {"weight": kernel, **bias}))


def _bias(call: Call) -> Mapping[str, Array]:
    """The bias, if the layer has one: zeros that the file itself computes stand for none."""
    if not call.has(2):
        return {}
    value, array = call.value(2), call.constant(2, "the bias")
    is_weight = not isinstance(value, Constant) or bool(value.name)
    return {"bias": array} if is_weight or array.any() else {}


def _asked_for(call: Call, x: Tensor, kernel: Sequence[int], added: list[int]) -> tuple[Pairs | None, list[int]]:
    """The padding, and what is added, of a transposed convolution that says how many positions it wants to give."""
    mode, shape = call["auto_pad"] or "NOTSET", call["output_shape"]
    if not shape and not mode.startswith("SAME"):
        return None, added
    w = laid(call, x, kernel, [(0, 0)] * (x.rank - 2))
    given = list(shape or ())[-len(w.kernel) :]
    sizes = zip(x.shape[2:], w.strides, w.extents, given or [None] * len(w.kernel), strict=True)
    wanted = [n * s if size is None else size for n, s, _, size in sizes]
    whole = [(n - 1) * s + e for n, s, e in zip(x.shape[2:], w.strides, w.extents, strict=True)]
    totals = [full + more - size for full, more, size in zip(whole, added, wanted, strict=True)]
    call.need(all(isinstance(total, int) for total in totals), "its padding depends on an open size")
    numbers = [int(str(total)) for total in totals]
    halves = [_shared(max(total, 0), "SAME_UPPER" if mode == "SAME_UPPER" else "SAME_LOWER") for total in numbers]
    return halves, [more - min(total, 0) for more, total in zip(added, numbers, strict=True)]


# ---- pools ----


def max_pool(call: Call) -> Tensor:
    return _pool(call, lambda w, ceil: MaxPool(w.window(w.kernel), w.pad, ceil=ceil, dilation=w.dilation))


def average_pool(call: Call) -> Tensor:
    counted = bool(call["count_include_pad"])

    def made(w: Laid, ceil: bool) -> Op:
        all_counted = counted or not any(map(any, w.pads))
        return AvgPool(w.window(w.kernel), w.pad, ceil=ceil, count_padding=all_counted, dilation=w.dilation)

    return _pool(call, made)


def lp_pool(call: Call) -> Tensor:
    """Of the p-th powers of a window the sum, and of that the p-th root."""
    p = float(call["p"])
    if p == 2:
        return _pool(call, lambda w, ceil: L2Pool(w.window(w.kernel), w.pad, ceil=ceil, dilation=w.dilation))
    call.need(set(laid(call, call.tensor(0), ()).dilations) == {1}, "a sum over a window with holes")
    powers = (Abs(), *([Power(p)] if p != 1 else []))
    total = _pool(call, lambda w, ceil: SumPool(w.window(w.kernel), w.pad, ceil=ceil), before=powers)
    return call.each(Power(1 / p), total) if p != 1 else total


def _pool(call: Call, made: Callable[[Laid, bool], Op], before: Sequence[Op] = ()) -> Tensor:
    x = call.tensor(0)
    w = laid(call, x, ())
    ref = call.grid(x)
    for op in before:
        ref = call.apply(op, [ref], beside=True)
    return call.of_grid(call.apply(made(w, bool(call["ceil_mode"])), [ref]))


def global_pool(op: Op) -> Callable[[Call], Value]:
    """One value for all positions; they stay as axes of size 1."""

    def meaning(call: Call) -> Value:
        x = call.tensor(0)
        call.need(x.rank > 2, "there are no positions")
        return call.of_grid(call.apply(op, [call.grid(x)]), x.rank)

    return meaning


def global_lp_pool(call: Call) -> Value:
    x, p = call.tensor(0), call["p"]
    call.need(p in (1, 2), f"p = {p}")
    powers = call.apply(Power(2.0) if p == 2 else Abs(), [call.grid(x)], beside=True)
    total = call.apply(Reduce("sum", "positions"), [powers])
    return call.of_grid(call.apply(Power(0.5), [total], beside=True) if p == 2 else total, x.rank)


MEANINGS: Mapping[str, Callable[[Call], Value]] = {
    "AveragePool": average_pool,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "GlobalAveragePool": global_pool(GlobalAvgPool()),
    "GlobalLpPool": global_lp_pool,
    "GlobalMaxPool": global_pool(GlobalMaxPool()),
    "LpPool": lp_pool,
    "MaxPool": max_pool,
}
