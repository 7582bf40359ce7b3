"""Windows that slide over positions: size, stride, padding, dilation, and the sizes they give.

    size    O = floor((N + before + after - (dilation * (F - 1) + 1)) / stride) + 1        (ceil instead of floor on demand)

The same arithmetic serves convolution and pooling in one, two and three dimensions, and transposed convolution backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cnngraph.ir.op import OpError
from cnngraph.ir.size import Dim, lower_bound
from cnngraph.ir.types import TensorType, positions_text

Padding: TypeAlias = "int | str | tuple[int | tuple[int, int], ...]"
Strides: TypeAlias = "int | tuple[int, ...] | None"


@dataclass(frozen=True)
class Window:
    """`3x3`, `7x7/2`, or a single number for the same size on every axis. A stride of None means the operator's own."""

    size: tuple[int, ...]
    stride: tuple[int, ...] | None = None

    def __str__(self) -> str:
        size = "x".join(map(str, self.size))
        if self.stride is None:
            return size
        once = set(self.stride)
        return f"{size}/{self.stride[0]}" if len(once) == 1 else f"{size}/({', '.join(map(str, self.stride))})"


@dataclass(frozen=True)
class Geometry:
    """A window laid over an input of known rank: one entry for each position axis."""

    size: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    ceil: bool = False

    @property
    def extent(self) -> tuple[int, ...]:
        """Positions that a window covers, holes included."""
        return tuple(d * (f - 1) + 1 for f, d in zip(self.size, self.dilation, strict=True))

    def sizes(self, positions: Sequence[Dim]) -> tuple[Dim, ...]:
        """Positions of the output."""
        return tuple(self._out(axis, n) for axis, n in enumerate(positions))

    def _out(self, axis: int, n: Dim) -> Dim:
        stride, (before, after) = self.stride[axis], self.pad[axis]
        span = n + (before + after - self.extent[axis])
        if not self.ceil:
            return span // stride + 1
        out = (span + stride - 1) // stride + 1
        # A window that begins beyond the input and its left padding is dropped, as ONNX and PyTorch do.
        if isinstance(out, int) and isinstance(n, int) and (out - 1) * stride >= n + before:
            out -= 1
        return out

    def reason(self, name: str) -> str:
        """Why positions change: the stride, or what a window takes off."""
        if any(s > 1 for s in self.stride):
            return f"stride {_each(self.stride)} of this {name}"
        taken = [f - 1 - sum(p) for f, p in zip(self.extent, self.pad, strict=True)]
        verb = "takes off" if taken[0] >= 0 else "adds"
        window = "x".join(map(str, self.size))
        return f"a {window} window with pad {_each([p[0] for p in self.pad])} {verb} {_each([abs(t) for t in taken])}"


def geometry(
    name: str,
    x: TensorType,
    window: Window,
    pad: Padding = 0,
    *,
    stride: Strides = None,
    dilation: int | tuple[int, ...] = 1,
    default_stride: int | None = 1,
    ceil: bool = False,
) -> Geometry:
    """Lay `window` over the positions of `x`. A default stride of None means the window's own size."""
    rank = len(x.positions)
    size = spread(name, "window", window.size, rank)
    if stride is not None and window.stride is not None:
        raise OpError("E0106", f"{name} has two strides: {window} and stride = {stride}", ("keep one of them",))
    given = window.stride if stride is None else stride
    steps = size if given is None and default_stride is None else spread(name, "stride", given or default_stride, rank)
    holes = spread(name, "dilation", dilation, rank)
    for what, values in (("window", size), ("stride", steps), ("dilation", holes)):
        if min(values) < 1:
            raise OpError("E0108", f"the {what} of {name} must be 1 or more, not {min(values)}")
    extent = tuple(d * (f - 1) + 1 for f, d in zip(size, holes, strict=True))
    laid = Geometry(size, steps, pads(name, pad, extent), holes, ceil)
    for axis, n in enumerate(x.positions):
        low = lower_bound(n)
        if isinstance(n, int) and low is not None and low + sum(laid.pad[axis]) < extent[axis]:
            window_text = "x".join(map(str, size))
            raise OpError(
                "E0203",
                f"the {window_text} window of {name} does not fit into {positions_text(x.positions)}",
                (f"`pad = {-(-(extent[axis] - low) // 2)}` or `same` makes room; a smaller window fits as it is",),
            )
    return laid


def pads(name: str, pad: Padding, extent: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Padding as (before, after) for each axis, from numbers, pairs, `valid`, `same` ((k-1)/2) or `full` (k-1)."""
    if pad == "valid":
        return tuple((0, 0) for _ in extent)
    if pad == "full":
        return tuple((k - 1, k - 1) for k in extent)
    if pad == "same":
        if even := [k for k in extent if k % 2 == 0]:
            raise OpError(
                "E0108",
                f"`same` needs an odd window, and {name} covers {even[0]} positions",
                ("an even window has no middle: give the padding as numbers, e.g. `pad = 1`",),
            )
        return tuple((k // 2, k // 2) for k in extent)
    if isinstance(pad, str):
        raise OpError("E0108", f"{name} knows no padding `{pad}`", ("use a number, valid, same or full",))
    each = spread(name, "pad", pad, len(extent))
    pairs = tuple((p, p) if isinstance(p, int) else (p[0], p[1]) for p in each)
    if min(min(p) for p in pairs) < 0:
        raise OpError("E0108", f"the pad of {name} must not be negative", ("`crop` takes positions away",))
    return pairs


def spread(name: str, what: str, value: object, rank: int) -> tuple:  # type: ignore[type-arg]
    """One value for each of `rank` axes: a number or a single entry serves all."""
    entries = value if isinstance(value, tuple) else (value,)
    if len(entries) == 1:
        return entries * rank
    if len(entries) != rank:
        raise OpError(
            "E0204",
            f"the {what} of {name} has {len(entries)} sizes, but its input has {rank} "
            f"{'position axis' if rank == 1 else 'position axes'}",
        )
    return entries


def _each(values: Sequence[int]) -> str:
    return str(values[0]) if len(set(values)) == 1 else "x".join(map(str, values))
