"""A window that slides along one axis: which elements meet which results, where the edges clip it, without padding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.window import Geometry
from cnngraph.kernels.kernel import Call


@dataclass(frozen=True)
class Slide:
    """A window of `size` elements, `dilation` apart, that begins `before` elements outside of an axis of `length`.

    x:        . . 0 1 2 3 4 5 6          size 3, stride 2, before 2, length 7
    outputs:  0---0---0
                  1---1---1
    """

    size: int
    stride: int
    before: int
    length: int
    outputs: int
    dilation: int = 1

    def meets(self, i: int, outputs: range) -> range:
        """Those of the outputs whose i-th element lies inside of x.

        >>> slide = Slide(size=3, stride=2, before=2, length=7, outputs=4)
        >>> [slide.meets(i, range(4)) for i in range(3)]
        [range(1, 4), range(1, 4), range(0, 4)]
        """
        shift = i * self.dilation - self.before
        low, high = -(shift // self.stride), (self.length - 1 - shift) // self.stride + 1
        return range(max(outputs.start, low), max(outputs.start, low, min(outputs.stop, high)))

    def places(self, i: int, outputs: range) -> range:
        """Where in x the i-th elements of these outputs are."""
        start = outputs.start * self.stride + i * self.dilation - self.before
        return range(start, start + len(outputs) * self.stride, self.stride)

    def touching(self, places: range) -> range:
        """The outputs that meet any of these places of x, and perhaps some between them that do not."""
        reach = (self.size - 1) * self.dilation
        low = -((reach - self.before - places.start) // self.stride)
        high = (places.stop - 1 + self.before) // self.stride + 1
        return range(max(0, low), max(0, low, min(self.outputs, high)))

    def reached(self, outputs: range) -> range:
        """The places from the first to the last that these outputs meet."""
        start = outputs.start * self.stride - self.before
        stop = (outputs.stop - 1) * self.stride - self.before + (self.size - 1) * self.dilation + 1
        return range(max(0, start), min(self.length, stop))

    def within(self, i: int, outputs: range, places: range) -> range:
        """Those of the outputs whose i-th element lies in these places."""
        shift = i * self.dilation - self.before
        low, high = -((shift - places.start) // self.stride), (places.stop - 1 - shift) // self.stride + 1
        return range(max(outputs.start, low), max(outputs.start, low, min(outputs.stop, high)))


def slides(g: Geometry, positions: Sequence[int], outputs: Sequence[int]) -> list[Slide]:
    """The window of a geometry, axis by axis."""
    axes = zip(g.size, g.stride, g.pad, positions, outputs, g.dilation, strict=True)
    return [Slide(f, s, before, n, out, d) for f, s, (before, _), n, out, d in axes]


def part(x: Array, axis: int, places: range, origin: int = 0) -> Array:
    """The view of x at these places of an axis whose first element stands for the place `origin`."""
    cut = slice(places.start - origin, places.stop - origin, places.step)
    view: Array = x[(slice(None),) * axis + (cut,)]
    return view


At: TypeAlias = Callable[[int, range], Array]
"""The i-th elements of the windows of some outputs, as a view."""


@dataclass(frozen=True)
class Line:
    """An array that stands for some places of the axis along which windows slide."""

    x: Array
    axis: int
    slide: Slide
    places: range

    def at(self, i: int, outputs: range) -> Array:
        """The i-th elements of the windows of these outputs."""
        return part(self.x, self.axis, self.slide.places(i, outputs), self.places.start)


def gathered(ufunc: np.ufunc, nothing: float, slide: Slide, at: At, y: Array, axis: int, outputs: range) -> list[Call]:
    """y = what `ufunc` makes of all elements of each window along the axis; y stands for `outputs`.

    `nothing` is the result of a window without elements.
    """
    met = {i: slide.meets(i, outputs) for i in range(slide.size)}
    whole = [i for i, some in met.items() if len(some) == len(outputs)]
    start: list[Call]
    if len(whole) > 1:
        start = [partial(ufunc, at(whole[0], outputs), at(whole[1], outputs), out=y)]
    else:
        start = [partial(np.copyto, y, at(i, outputs)) for i in whole] or [partial(y.fill, nothing)]
    rest = [(part(y, axis, some, outputs.start), at(i, some)) for i, some in met.items() if i not in whole[:2] and some]
    return [*start, *(partial(ufunc, target, source, out=target) for target, source in rest)]


def spread(slide: Slide, y: Array, x: Array, axis: int, outputs: range, places: range) -> list[Call]:
    """x = for each element, the sum of y over the windows that hold it: the gradient of a sum.

    y stands for `outputs`, which hold all that touch `places`; x stands for `places`.
    """
    calls: list[Call] = [partial(x.fill, 0)]
    for i in range(slide.size):
        some = slide.within(i, outputs, places)
        if some:
            target = part(x, axis, slide.places(i, some), places.start)
            source = part(y, axis, some, outputs.start)
            calls.append(add_or_copy(slide, target, source))
    return calls


def add_or_copy(slide: Slide, target: Array, source: Array) -> Call:
    """The call that adds to what is there, or, where no windows meet, that writes it."""
    if slide.size <= slide.stride and slide.dilation == 1:
        return partial(np.copyto, target, source)
    return partial(np.add, target, source, target)


def row_blocks(samples: int, rows: int, numbers_each: int, numbers: int) -> list[tuple[slice, range]]:
    """Samples with rows of theirs that make up a block: several whole samples, or some rows of one.

    >>> row_blocks(3, 5, numbers_each=10, numbers=100)
    [(slice(0, 2, None), range(0, 5)), (slice(2, 3, None), range(0, 5))]
    >>> row_blocks(1, 5, numbers_each=10, numbers=20)
    [(slice(0, 1, None), range(0, 2)), (slice(0, 1, None), range(2, 4)), (slice(0, 1, None), range(4, 5))]
    """
    together = max(1, numbers // max(1, rows * numbers_each))
    each = min(rows, max(1, numbers // max(1, numbers_each)))
    groups = [slice(n, min(n + together, samples)) for n in range(0, samples, together)]
    return [(group, range(r, min(r + each, rows))) for group in groups for r in range(0, rows, each)]


def used(work: Array, shape: Sequence[Any]) -> Array:
    """The beginning of a flat workspace, in this shape."""
    return work[: int(np.prod(shape))].reshape(tuple(shape))
