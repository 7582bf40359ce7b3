"""Images of another size: by whole factors, by our `resize`, and what neither says as a product along each axis.

ONNX knows many ways to say where a new position lies among the old ones, and how its number follows from theirs. But
along one axis each of them is a matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.layout import quotient
from cnngraph.interop.onnx.reading.meaning.positions import as_positions
from cnngraph.interop.onnx.reading.values import Tensor
from cnngraph.ir.op import Array
from cnngraph.ir.size import Dim
from cnngraph.ops.linear import Linear
from cnngraph.ops.resize import SHARPNESS, Resize

HALVES = ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric")
LARGEST = 2**24  # numbers in the matrix of one axis
CROP = "tf_crop_and_resize"


@dataclass(frozen=True)
class Change:
    """One axis: its positions before and after, the factor that tells the coordinates, and which part is kept."""

    before: Dim
    after: Dim
    factor: float
    start: float = 0.0
    end: float = 1.0

    @property
    def is_plain(self) -> bool:
        """Whether the factor is that of the sizes."""
        known = isinstance(self.before, int) and isinstance(self.after, int)
        return not known or abs(self.factor * int(str(self.before)) - int(str(self.after))) < 1e-4


def changes(call: Call, x: Tensor) -> Mapping[int, Change]:
    """The axes that change, by what the node says of sizes or factors."""
    axes = [call.axis(int(a), x.rank) for a in call["axes"]] if call["axes"] else list(range(x.rank))
    kept = [call.axis(axis, x.rank) for axis in axes]
    starts, ends = _kept_parts(call, len(axes))
    if call.has(3):
        found = _by_sizes(call, [x.shape[axis] for axis in kept], call.dims(3, "the sizes"))
    else:
        found = _by_factors(call, [x.shape[axis] for axis in kept], call.constant(2, "the scales").reshape(-1))
    parts = zip(kept, found, starts, ends, strict=True)
    return {
        axis: Change(one.before, one.after, one.factor, start, end)
        for axis, one, start, end in parts
        if one is not None and (one.factor != 1 or one.after != one.before or (start, end) != (0, 1))
    }


def _kept_parts(call: Call, count: int) -> tuple[Sequence[float], Sequence[float]]:
    if call["coordinate_transformation_mode"] != CROP:
        return [0.0] * count, [1.0] * count
    part = call.constant(1, "the part that is kept").reshape(-1).tolist()
    call.need(len(part) == 2 * count, f"{len(part)} limits for {count} axes")
    return part[:count], part[count:]


def _by_sizes(call: Call, before: Sequence[Dim], after: Sequence[Dim]) -> list[Change | None]:
    call.need(len(after) == len(before), f"{len(after)} sizes for {len(before)} axes")
    found: list[Change | None] = []
    for n, size in zip(before, after, strict=True):
        if size == n or (call.reading.batch is not None and size == call.reading.batch and not isinstance(n, int)):
            found.append(None)
            continue
        found.append(Change(n, size, _factor(call, n, size)))
    policy = call["keep_aspect_ratio_policy"]
    if policy == "stretch":
        return found
    known = [(n, size) for n, size in zip(before, after, strict=True) if isinstance(n, int) and isinstance(size, int)]
    call.need(len(known) == len(before), "the ratio of sides that are open")
    factor = (min if policy == "not_larger" else max)(size / n for n, size in known)
    return [Change(n, floor(factor * n + 0.5), factor) for n, _ in known]


def _factor(call: Call, before: Dim, after: Dim) -> float:
    """The factor between two sizes; 0 where nothing is known of it but a number afterwards."""
    if isinstance(before, int) and isinstance(after, int):
        return after / before
    for above, below, way in ((after, before, 1), (before, after, -1)):
        found = quotient(above, below)
        if isinstance(found, int):
            return float(found) ** way
    call.need(isinstance(after, int), f"the size {after} is no multiple of {before}")
    return 0.0


def _by_factors(call: Call, before: Sequence[Dim], factors: Array) -> list[Change | None]:
    call.need(len(factors) == len(before), f"{len(factors)} scales for {len(before)} axes")
    found: list[Change | None] = []
    for n, factor in zip(before, map(float, factors), strict=True):
        if isinstance(n, int):
            found.append(Change(n, floor(n * factor), factor))
            continue
        ratio = Fraction(factor).limit_denominator(64)
        call.need(abs(ratio - factor) < 1e-6 and 1 in ratio.as_integer_ratio(), "an open size times a fraction")
        found.append(Change(n, n * ratio.numerator // ratio.denominator, factor))
    return found


def resized(call: Call, x: Tensor, found: Mapping[int, Change]) -> Tensor:
    """By our operator, if it says what is asked for, else by a product along each axis."""
    call.need(x.layout.batch not in found, "another size of the batch")
    made = _ours(call, found)
    if made is None:
        return _by_products(call, x, found)
    grid = as_positions(call, x, list(found))
    sizes = call.type_of(grid.x.ref).positions
    after = grid.each({axis: one.after for axis, one in found.items()}, None)
    counts = [size if count is None else count for size, count in zip(sizes, after, strict=True)]
    if not all(isinstance(count, int) for count in counts):
        return _by_products(call, x, found)
    op = Resize(tuple(int(str(count)) for count in counts), made.mode, made.corners)
    return grid.result(call, call.apply(op, [grid.x.ref]))


def _ours(call: Call, found: Mapping[int, Change]) -> Resize | None:
    """Our operator, without its sizes."""
    frame, mode = call["coordinate_transformation_mode"], call["mode"]
    if not all(one.is_plain for one in found.values()):
        return None
    if mode == "nearest":
        return Resize(1, "nearest") if frame == "asymmetric" and call["nearest_mode"] == "floor" else None
    smoothed = call["antialias"] and any(one.factor < 1 for one in found.values())
    curved = mode == "cubic" and (call["exclude_outside"] or abs(call["cubic_coeff_a"] - SHARPNESS) > 1e-6)
    if smoothed or curved or call["exclude_outside"]:
        return None
    if frame == "pytorch_half_pixel" and any(one.after == 1 for one in found.values()):
        return None
    return Resize(1, mode, frame == "align_corners") if frame in (*HALVES, "align_corners") else None


# ---- products ----


def _by_products(call: Call, x: Tensor, found: Mapping[int, Change]) -> Tensor:
    for axis, one in found.items():
        frame = call["coordinate_transformation_mode"]
        call.need(isinstance(one.before, int) and isinstance(one.after, int), f"the coordinates {frame} of open sizes")
        before, after = int(str(one.before)), int(str(one.after))
        call.need(before * after <= LARGEST, "an axis too long for a product")
        weight, outside = matrix(call, one, before, after)
        value = call["extrapolation_value"] or 0.0
        bias = {"bias": np.where(outside, value, 0.0)} if outside.any() and value else {}
        table = call.features(x, axis)
        ref = call.apply(Linear(after, bias=bool(bias)), [table.ref], {"weight": weight.T, **bias})
        x = call.with_features(table, axis, ref)
    call.note("an image of another size became a product along each axis, as the language has no word for how")
    return x


def matrix(call: Call, one: Change, n: int, after: int) -> tuple[Array, Array]:
    """The matrix (after, n) of one axis, and which positions lie outside of what there is."""
    places = _places(call["coordinate_transformation_mode"], n, after, one)
    table = _nearest(call["nearest_mode"], places, n) if call["mode"] == "nearest" else _between(call, places, n, one)
    outside = (places < 0) | (places > n - 1) if call["coordinate_transformation_mode"] == CROP else places < -np.inf
    return np.where(outside[:, None], 0.0, table), outside


def _places(frame: str, n: int, after: int, one: Change) -> Array:
    """Where the new positions lie among the old ones."""
    new, width = np.arange(after), one.factor * n
    match frame:
        case "align_corners":
            return np.asarray(new * ((n - 1) / (width - 1)) if width != 1 else new * 0.0)
        case "asymmetric":
            return np.asarray(new / one.factor)
        case "tf_crop_and_resize":
            step = (one.end - one.start) * (n - 1)
            inner = new * (step / (width - 1)) if width != 1 else new * 0.0 + step / 2
            return np.asarray(one.start * (n - 1) + inner)
        case "tf_half_pixel_for_nn":
            return np.asarray((new + 0.5) / one.factor)
        case "pytorch_half_pixel" if after == 1:
            return np.full(1, -0.5)
        case "half_pixel_symmetric":
            return np.asarray(n / 2 * (1 - after / width) + (new + 0.5) / one.factor - 0.5)
    return np.asarray((new + 0.5) / one.factor - 0.5)


def _nearest(rounding: str, places: Array, n: int) -> Array:
    found = {
        "round_prefer_floor": np.ceil(places - 0.5), "round_prefer_ceil": np.floor(places + 0.5),
        "floor": np.floor(places), "ceil": np.ceil(places),
    }[rounding]  # fmt: skip
    return np.eye(n)[np.clip(found.astype(np.int64), 0, n - 1)]


def _between(call: Call, places: Array, n: int, one: Change) -> Array:
    """A curve around each place, wider where an image is smoothed; outside of it stands its edge, or nothing."""
    reach = 1 if call["mode"] == "linear" else 2
    shrunk = min(one.factor, 1.0) if call["antialias"] else 1.0
    margin = int(np.ceil(reach / shrunk + max(-places.min(), places.max() - n + 1, 0))) + 1
    columns = np.arange(-margin, n + margin)
    weights = _curve((columns - places[:, None]) * shrunk, reach, call["cubic_coeff_a"])
    inside = weights[:, margin : margin + n].copy()
    if not call["exclude_outside"]:
        inside[:, 0] += weights[:, :margin].sum(axis=1)
        inside[:, -1] += weights[:, margin + n :].sum(axis=1)
    return np.asarray(inside / inside.sum(axis=1, keepdims=True))


def _curve(distance: Array, reach: int, a: float) -> Array:
    d: Array = np.abs(distance)
    if reach == 1:
        return np.asarray(np.maximum(1 - d, 0))
    near, far = ((a + 2) * d - (a + 3)) * d * d + 1, ((d - 5) * d + 8) * a * d - 4 * a
    return np.asarray(np.where(d <= 1, near, np.where(d < 2, far, 0.0)))
