"""Positions added at the sides, and images made larger or smaller."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.layout import quotient
from cnngraph.interop.onnx.reading.meaning.positions import Stretch, as_positions, at_sides, plain, sliced
from cnngraph.interop.onnx.reading.values import Tensor, Value
from cnngraph.ir.size import Dim
from cnngraph.ir.window import Window
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.crop import Crop
from cnngraph.ops.padding import Pad
from cnngraph.ops.shift import Shift
from cnngraph.ops.upsample import Upsample

MODES = {"constant": "zeros", "edge": "edge", "reflect": "reflect", "wrap": "wrap"}


# ---- margins ----


def pad(call: Call) -> Value:
    x = call.tensor(0)
    given = [int(n) for n in call.constant(1, "the margins").reshape(-1)]
    axes = [call.axis(int(a), x.rank) for a in call.constant(3).reshape(-1)] if call.has(3) else list(range(x.rank))
    call.need(len(given) == 2 * len(axes), f"{len(given)} margins for {len(axes)} axes")
    margins = dict(zip(axes, zip(given[: len(axes)], given[len(axes) :], strict=True), strict=True))
    changed = {axis: margin for axis, margin in margins.items() if any(margin)}
    call.need(call["mode"] in MODES, f"the mode {call['mode']}")
    call.need(x.layout.batch not in changed, "a margin of the batch")
    if not changed:
        return x
    value = call.number(2, 0.0, "the number that is added") if call["mode"] == "constant" else 0.0
    call.need(np.isfinite(value), f"{value} in a margin", "a maxpool with a pad of its own means the same")
    less = {axis: (max(-a, 0), max(-b, 0)) for axis, (a, b) in changed.items()}
    more = {axis: (max(a, 0), max(b, 0)) for axis, (a, b) in changed.items()}
    if any(map(any, less.values())):
        x = at_sides(call, x, less, Crop)
    if any(map(any, more.values())):
        x = call.keep(x, call.apply(Shift(-value), [x.ref], beside=True)) if value else x
        x = at_sides(call, x, more, lambda sides: Pad(sides, MODES[call["mode"]]))
        x = call.keep(x, call.apply(Shift(value), [x.ref], beside=True)) if value else x
    return x


# ---- sizes ----


def resize(call: Call) -> Value:
    x = call.tensor(0)
    ratios = _ratios(call, x)
    changed = {axis: ratio for axis, ratio in ratios.items() if ratio != 1}
    if not changed:
        return x
    call.need(x.layout.batch not in changed, "another size of the batch")
    mode = call["mode"]
    call.need(mode in ("nearest", "linear"), f"the mode {mode}")
    if all(ratio > 1 for ratio in changed.values()):
        return _larger(call, x, {axis: _whole(call, ratio) for axis, ratio in changed.items()}, mode)
    call.need(all(ratio < 1 for ratio in changed.values()), "larger along one axis and smaller along another")
    for axis, ratio in changed.items():
        x = _smaller(call, x, axis, _whole(call, 1 / ratio), mode)
    return x


def _ratios(call: Call, x: Tensor) -> dict[int, float]:
    """By how much each axis grows."""
    axes = [call.axis(int(a), x.rank) for a in call["axes"]] if call["axes"] else list(range(x.rank))
    if call.has(3):
        policy = call["keep_aspect_ratio_policy"]
        call.need(policy == "stretch", f"the policy {policy}")
        sizes = call.dims(3, "the sizes")
        call.need(len(sizes) == len(axes), f"{len(sizes)} sizes for {len(axes)} axes")
        return {axis: _ratio(call, size, x.shape[axis]) for axis, size in zip(axes, sizes, strict=True)}
    scales = call.constant(2, "the scales").reshape(-1)
    call.need(len(scales) == len(axes), f"{len(scales)} scales for {len(axes)} axes")
    return dict(zip(axes, map(float, scales), strict=True))


def _ratio(call: Call, size: Dim, n: Dim) -> float:
    batch = call.reading.batch
    if size == n or (batch is not None and size == batch and not isinstance(n, int)):
        return 1.0
    if isinstance(size, int) and isinstance(n, int):
        return size / n
    for above, below, way in ((size, n, 1), (n, size, -1)):
        found = quotient(above, below)
        if isinstance(found, int):
            return float(found) ** way
    call.need(False, f"the size {size} is no multiple of {n}")
    raise AssertionError


def _whole(call: Call, ratio: float) -> int:
    nearest = round(ratio)
    call.need(abs(ratio - nearest) < 1e-6 * ratio, f"the factor {ratio:.6g} is no whole number")
    return nearest


def _larger(call: Call, x: Tensor, factors: Mapping[int, int], mode: str) -> Tensor:
    frame, rounding = call["coordinate_transformation_mode"], call["nearest_mode"]
    if mode == "linear":
        wanted = ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric")
        call.need(frame in wanted, f"linear with the coordinates {frame}", "half_pixel coordinates can be expressed")
    else:
        same = {
            "half_pixel": rounding.startswith("round"),
            "pytorch_half_pixel": rounding.startswith("round"),
            "half_pixel_symmetric": rounding.startswith("round"),
            "asymmetric": rounding == "floor" or (rounding == "round_prefer_floor" and max(factors.values()) == 2),
            "tf_half_pixel_for_nn": rounding == "floor",
        }
        call.need(same.get(frame), f"nearest with the coordinates {frame} and the rounding {rounding}")
    grid = as_positions(call, x, list(factors))
    factor = plain(grid.each(factors, 1))
    return grid.result(call, call.apply(Upsample(factor, mode), [grid.x.ref]))  # type: ignore[arg-type]


def _smaller(call: Call, x: Tensor, axis: int, step: int, mode: str) -> Tensor:
    """Each so manyth position of one axis, or the mean of two neighbours."""
    frame, rounding = call["coordinate_transformation_mode"], call["nearest_mode"]
    n = x.shape[axis]
    call.need(n % step == 0, f"{n} positions are not divided by {step}")
    call.need(not call["antialias"], "smoothing before an image gets smaller")
    if frame == "asymmetric":
        return sliced(call, x, {axis: Stretch(0, 0, step)})
    call.need(frame in ("half_pixel", "pytorch_half_pixel"), f"an image made smaller with the coordinates {frame}")
    if step % 2:
        return sliced(call, x, {axis: Stretch(step // 2, 0, step)})
    if mode == "nearest":
        before = rounding in ("round_prefer_floor", "floor")
        return sliced(call, x, {axis: Stretch((step - 1) // 2 if before else step // 2, 0, step)})
    if step > 2:
        x = sliced(call, x, {axis: Stretch(step // 2 - 1, 1 - step // 2)})
    grid = as_positions(call, x, [axis])
    window = Window(*(tuple(int(str(n)) for n in grid.each({axis: size}, 1)) for size in (2, step)))
    return grid.result(call, call.apply(AvgPool(window), [grid.x.ref]))


MEANINGS: Mapping[str, Callable[[Call], Value]] = {"Pad": pad, "Resize": resize}
