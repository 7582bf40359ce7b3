"""Positions added at the sides, and images made larger or smaller."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.meaning.positions import Stretch, as_positions, at_sides, plain, sliced
from cnngraph.interop.onnx.reading.meaning.resizing import HALVES, Change, changes, resized
from cnngraph.interop.onnx.reading.values import Tensor, Value
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
    found = changes(call, x)
    if not found:
        return x
    grown = {axis: _whole(one.factor) for axis, one in found.items()}
    if _grows_as_ours(call, grown):
        return _larger(call, x, grown, call["mode"])
    shrunk = {axis: _whole(1 / one.factor if one.factor else 0.0) for axis, one in found.items()}
    if not _shrinks_as_ours(call, found, shrunk):
        return resized(call, x, found)
    for axis, step in shrunk.items():
        x = _smaller(call, x, axis, step, call["mode"])
    return x


def _whole(ratio: float) -> int:
    """The whole number that it is, else 0."""
    nearest = round(ratio)
    return nearest if abs(ratio - nearest) < 1e-6 * ratio else 0


def _grows_as_ours(call: Call, factors: Mapping[int, int]) -> bool:
    """Whether `upsample` puts the new positions where the node wants them."""
    frame, rounding = call["coordinate_transformation_mode"], call["nearest_mode"]
    if min(factors.values()) < 1 or call["mode"] == "cubic" or call["exclude_outside"]:
        return False
    if call["mode"] == "linear":
        return frame in HALVES
    same = {
        **dict.fromkeys(HALVES, rounding.startswith("round")),
        "asymmetric": rounding == "floor" or (rounding == "round_prefer_floor" and max(factors.values()) == 2),
        "tf_half_pixel_for_nn": rounding == "floor",
    }
    return bool(same.get(frame))


def _shrinks_as_ours(call: Call, found: Mapping[int, Change], steps: Mapping[int, int]) -> bool:
    """Whether slices or means of neighbours are what the node wants."""
    plain = all(steps[axis] and one.before % steps[axis] == 0 for axis, one in found.items())
    known = call["coordinate_transformation_mode"] in ("asymmetric", "half_pixel", "pytorch_half_pixel")
    asymmetric = call["coordinate_transformation_mode"] == "asymmetric"
    single = not asymmetric and any(one.after == 1 for one in found.values())
    return plain and known and not single and call["mode"] != "cubic" and not call["antialias"]


def _larger(call: Call, x: Tensor, factors: Mapping[int, int], mode: str) -> Tensor:
    grid = as_positions(call, x, list(factors))
    factor = plain(grid.each(factors, 1))
    return grid.result(call, call.apply(Upsample(factor, mode), [grid.x.ref]))  # type: ignore[arg-type]


def _smaller(call: Call, x: Tensor, axis: int, step: int, mode: str) -> Tensor:
    """Each so manyth position of one axis, or the mean of two neighbours."""
    frame, rounding = call["coordinate_transformation_mode"], call["nearest_mode"]
    if frame == "asymmetric":
        return sliced(call, x, {axis: Stretch(0, 0, step)})
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
