"""Windows that slide over positions: size, stride, padding, dilation, and the sizes they give.

    size    O = floor((N + before + after - (dilation * (F - 1) + 1)) / stride) + 1    (ceil instead of floor on demand)

The same arithmetic serves convolution and pooling in one, two and three dimensions; transposed convolution reverses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

from cnngraph.ir.op import OpError
from cnngraph.ir.size import Dim, exact_quotient, number
from cnngraph.ir.types import TensorType, positions_text

Padding: TypeAlias = "int | str | tuple[int | tuple[int, int], ...]"
Strides: TypeAlias = "int | tuple[int, ...] | None"
Holes: TypeAlias = "int | tuple[int, ...]"
PADDINGS = ("same", "full", "valid")
"""The words for a padding: `pads` says how many positions each stands for."""


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

    def covering(self, positions: Sequence[int]) -> Geometry:
        """The same windows without `ceil`: with as much padding after as the last of them reaches over."""
        starts = [(number(o) - 1) * s for o, s in zip(self.sizes(positions), self.stride, strict=True)]
        axes = zip(positions, self.pad, starts, self.extent, strict=True)
        return replace(self, pad=tuple((a, max(b, start + e - n - a)) for n, (a, b), start, e in axes), ceil=False)

    def formula(self, positions: Sequence[Dim]) -> tuple[str, ...]:
        """The positions of the output, in letters and worked out; axes that are alike once.

        >>> print(*Geometry((11,), (4,), ((0, 0),), (1,)).formula([227]))
        (N + 2P - F)/S + 1 = (227 + 2*0 - 11)/4 + 1 = 55
        """
        return tuple(dict.fromkeys(self._worked_out(axis, n) for axis, n in enumerate(positions)))

    def _worked_out(self, axis: int, n: Dim) -> str:
        size, stride, hole, (before, after) = self.size[axis], self.stride[axis], self.dilation[axis], self.pad[axis]
        exact = exact_quotient(n + (before + after - self.extent[axis]), stride) is not None

        def written(n: str, f: str, s: str, d: str, p: str) -> str:
            covered = f if hole == 1 else f"({d}*({f} - 1) + 1)"
            span = f"{n} + {p} - {covered}"
            if stride == 1:
                return f"{span} + 1"
            return f"({span})/{s} + 1" if exact else f"{'ceil' if self.ceil else 'floor'}(({span})/{s}) + 1"

        pads = ("2P", f"2*{before}") if before == after else ("P + Q", f"{before} + {after}")
        letters = written("N", "F", "S", "D", pads[0])
        numbers = written(str(n), str(size), str(stride), str(hole), pads[1])
        return f"{letters} = {numbers} = {self._out(axis, n)}"

    def reason(self, name: str) -> str:
        """Why positions change: the stride, or what a window takes off."""
        if any(s > 1 for s in self.stride):
            return f"stride {_each(self.stride)} of this {name}"
        taken = [f - 1 - sum(p) for f, p in zip(self.extent, self.pad, strict=True)]
        verb = "takes off" if taken[0] >= 0 else "adds"
        sides = ", ".join(dict.fromkeys(str(a) if a == b else f"({a}, {b})" for a, b in self.pad))
        window = f"{_article(self.size[0])} {_by(self.size)} window"
        return f"{window} with pad {sides} {verb} {_each([abs(t) for t in taken])}"


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
    """Lay `window` over the positions of `x`, into which it must fit. Raises `OpError`.

    >>> geometry("conv", TensorType.of(3, (227, 227)), Window((11,), (4,))).sizes((227, 227))
    (55, 55)
    """
    require_grid(name, x)
    laid = lay(name, len(x.positions), window, pad, stride, dilation, default_stride, ceil)
    for n, extent, pair in zip(x.positions, laid.extent, laid.pad, strict=True):
        if isinstance(n, int) and n + sum(pair) < extent:
            raise OpError(
                "E0203",
                f"the {_by(laid.size)} window of {name} does not fit into {positions_text(x.positions)}",
                (f"`pad = {-(-(extent - n) // 2)}` makes room; a smaller window fits as it is",),
                operand=0,
            )
    return laid


def pooling(
    name: str, x: TensorType, window: Window, pad: Padding, stride: Strides, ceil: bool, dilation: Holes = 1
) -> Geometry:
    """The geometry of a pool: its stride is its own size by default, and no window lies in the padding alone."""
    laid = geometry(name, x, window, pad, stride=stride, default_stride=None, ceil=ceil, dilation=dilation)
    for n, extent, step, pair in zip(x.positions, laid.extent, laid.stride, laid.pad, strict=True):
        if max(pair) >= extent:
            raise OpError("E0108", f"the pad of {name} must be below the {extent} of its window, not {max(pair)}")
        if ceil and not isinstance(n, int) and pair[1] + step > extent:
            raise OpError(
                "E0204",
                f"{name} with ceil cannot tell how many windows fit into {positions_text(x.positions)}",
                ("give the positions as numbers, or less padding",),
                operand=0,
            )
    return laid


def require_grid(name: str, x: TensorType, operand: int = 0) -> None:
    """Raise E0202 unless `x` has channels at positions."""
    if x.vocabulary is not None or not x.positions:
        kind = "the vector " if x.shape and x.vocabulary is None else ""
        of_vectors = "use dense(n) on vectors, or reshape(c@HxW) first"
        helps = ("`embed(n)` makes vectors of ids" if x.vocabulary is not None else of_vectors,)
        raise OpError("E0202", f"{name} needs a grid such as 3@224x224, but receives {kind}{x}", helps, operand)


@lru_cache(maxsize=1024)  # an operator is asked for its geometry again and again: types, weights, costs
def lay(
    name: str,
    rank: int,
    window: Window,
    pad: Padding = 0,
    stride: Strides = None,
    dilation: int | tuple[int, ...] = 1,
    default_stride: int | None = 1,
    ceil: bool = False,
) -> Geometry:
    """A window over `rank` position axes of any size. A default stride of None means the window's own size."""
    size = spread(name, "window", window.size, rank)
    if stride is not None and window.stride is not None:
        raise OpError("E0106", f"{name} has two strides: {window} and stride = {stride}", ("keep one of them",))
    given = window.stride if stride is None else stride
    given = default_stride if given is None else given
    steps = size if given is None else spread(name, "stride", given, rank)
    holes = spread(name, "dilation", dilation, rank)
    for what, values in (("window", size), ("stride", steps), ("dilation", holes)):
        if min(values) < 1:
            raise OpError("E0108", f"the {what} of {name} must be 1 or more, not {min(values)}")
    extent = tuple(d * (f - 1) + 1 for f, d in zip(size, holes, strict=True))
    return Geometry(size, steps, pads(name, pad, extent), holes, ceil)


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
    return str(values[0]) if len(set(values)) == 1 else _by(values)


def _article(number: int) -> str:
    """The word before a number that is read aloud."""
    return "an" if str(number)[0] == "8" or number in (11, 18) else "a"


def _by(values: Sequence[int]) -> str:
    return "x".join(map(str, values))
