"""How the axes of a foreign array are made of the axes of one of our values. No numbers move here.

Each of our axes is a product of factors, the slowest first, and each foreign axis is a product of some of them:

    (N, C, H, W), ours (N, H, W, C)            ours ((N,), (H,), (W,), (C,)), theirs ((0,), (3,), (1,), (2,))
    the same, flattened to (N, C * H * W)      theirs ((0,), (3, 1, 2))
    reshaped to (N, G, C / G, H, W)            ours ((N,), (H,), (W,), (G, C/G)), theirs ((0,), (3,), (4,), (1,), (2,))

An axis of size 1 has no factors. So a transpose, a squeeze, and most reshapes only change how the factors stand, and
what a layer at last asks for says what has to be moved, if anything has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, groupby
from math import prod

from cnngraph.interop.imported import Axes
from cnngraph.ir.size import Dim, Size, bind, exact_quotient
from cnngraph.ir.types import BATCH

Groups = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Layout:
    """`ours`: for each axis of ours the sizes of its factors; `theirs`: for each foreign axis its factors.

    Factors are numbered through all of our axes.

    >>> image = Layout.of((BATCH, 3, 8, 9), ((0,), (2,), (3,), (1,)))
    >>> image.ours[1:], image.theirs
    (((8,), (9,), (3,)), ((0,), (3,), (1,), (2,)))
    >>> image.permuted((0, 2, 3, 1)).theirs
    ((0,), (1,), (2,), (3,))
    """

    ours: tuple[tuple[Dim, ...], ...]
    theirs: tuple[tuple[int, ...], ...]

    @staticmethod
    def of(shape: Sequence[Dim], groups: Groups) -> Layout:
        """A foreign array of this shape, of whose axes ours are made: for each of ours, foreign axes, slowest first."""
        kept = [[axis for axis in group if shape[axis] != 1] for group in groups]
        places = {axis: (i,) for i, axis in enumerate(chain(*kept))}
        ours = tuple(tuple(shape[axis] for axis in group) for group in kept)
        return Layout(ours, tuple(places.get(axis, ()) for axis in range(len(shape))))

    @cached_property
    def sizes(self) -> tuple[Dim, ...]:
        """The size of each factor."""
        return tuple(chain(*self.ours))

    @cached_property
    def shape(self) -> tuple[Dim, ...]:
        """The shape of the foreign array."""
        return tuple(self.size(axis) for axis in self.theirs)

    @property
    def rank(self) -> int:
        """How many axes the foreign array has."""
        return len(self.theirs)

    @cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The factors of each of our axes."""
        ends = list(accumulate(map(len, self.ours)))
        return tuple(tuple(range(end - len(axis), end)) for axis, end in zip(self.ours, ends, strict=True))

    def size(self, factors: Iterable[int]) -> Dim:
        return prod((self.sizes[i] for i in factors), start=1)

    @cached_property
    def batch(self) -> int | None:
        """The foreign axis that is the batch, alone or with other factors."""
        found = [i for i, axis in enumerate(self.theirs) if any(self.sizes[f] == BATCH and f == 0 for f in axis)]
        return found[0] if found else None

    # ---- what other tools do without moving a number of ours ----

    def permuted(self, order: Sequence[int]) -> Layout:
        return Layout(self.ours, tuple(self.theirs[axis] for axis in order))

    def squeezed(self, axes: Iterable[int]) -> Layout:
        """Without these foreign axes, which have size 1."""
        dropped = set(axes)
        assert not any(self.theirs[axis] for axis in dropped), "an axis of size 1"
        return Layout(self.ours, tuple(axis for i, axis in enumerate(self.theirs) if i not in dropped))

    def unsqueezed(self, axes: Iterable[int]) -> Layout:
        """With new foreign axes of size 1 at these places of the result."""
        new, rest = set(axes), iter(self.theirs)
        return Layout(self.ours, tuple(() if i in new else next(rest) for i in range(len(self.theirs) + len(new))))

    def joined(self, axes: Sequence[int]) -> Layout:
        """With these neighbouring foreign axes as one."""
        first, last = axes[0], axes[-1]
        assert list(axes) == list(range(first, last + 1)), "neighbours, in order"
        whole = tuple(chain(*self.theirs[first : last + 1]))
        return Layout(self.ours, (*self.theirs[:first], whole, *self.theirs[last + 1 :]))

    def reshaped(self, shape: Sequence[Dim], batch: int | None = None) -> Layout | None:
        """The same numbers in the order of the foreign array under another shape; None where factors must be joined.

        One size may be -1. `batch` is what stands for our batch in numbers that a file has.

        >>> image = Layout.of((BATCH, 6, 8, 9), ((0,), (2,), (3,), (1,)))
        >>> image.reshaped((BATCH, -1)).theirs
        ((0,), (3, 1, 2))
        >>> shuffled = image.reshaped((1, 2, 3, 8, 9), batch=1)
        >>> shuffled.ours[-1], shuffled.theirs
        ((2, 3), ((0,), (3,), (4,), (1,), (2,)))
        """
        return _Walk(self, batch).to(list(shape))

    # ---- for layers ----

    def foreign_axes(self, groups: Groups) -> tuple[tuple[int, ...], ...]:
        """The factors of groups of foreign axes."""
        return tuple(tuple(chain(*(self.theirs[axis] for axis in group))) for group in groups)

    def runs(self, factors: Sequence[int]) -> list[tuple[int, ...]]:
        """Factors in their order, cut where another foreign axis begins."""
        axis_of = {f: i for i, axis in enumerate(self.theirs) for f in axis}
        return [tuple(run) for _, run in groupby(factors, axis_of.__getitem__)]

    @cached_property
    def foreign_groups(self) -> list[list[int]]:
        """The foreign axes of each of our axes: as they lie, or, where one lies in several of ours, each by itself."""
        found = [
            sorted((i for i, axis in enumerate(self.theirs) if axis and set(axis) <= set(group)), key=self._first)
            for group in self.groups
        ]
        if len(found) > 1 and self.foreign_axes(found) == self.groups:
            return found
        batch = [] if self.batch is None else [self.batch]
        rest = sorted((i for i, axis in enumerate(self.theirs) if axis and i not in batch), key=self._first)
        return [batch, *([i] for i in rest[:-1]), rest[-1:]]

    def _first(self, axis: int) -> int:
        return self.theirs[axis][0]

    def rearranged(self, groups: Groups) -> Layout:
        """The layout once our axes are these groups of factors."""
        number = {factor: i for i, factor in enumerate(chain(*groups))}
        ours = tuple(tuple(self.sizes[f] for f in group) for group in groups)
        return Layout(ours, tuple(tuple(number[f] for f in axis) for axis in self.theirs))

    def with_features(self, axis: int, size: Dim) -> Layout:
        """The layout once our last axis, all of which is this foreign one, has another size."""
        before = len(self.sizes) - len(self.ours[-1])
        own = () if size == 1 else (size,)
        theirs = [tuple(f for f in factors if f < before) for factors in self.theirs]
        theirs[axis] = (before,) if own else ()
        return Layout((*self.ours[:-1], own), tuple(theirs))

    def axes(self) -> Axes | None:
        """As `Axes`, where each foreign axis is one of ours."""
        whole = {factors: i for i, factors in enumerate(self.groups) if factors}
        if any(axis and axis not in whole for axis in self.theirs):
            return None
        return Axes(tuple(whole[axis] if axis else None for axis in self.theirs), len(self.ours))


def quotient(dim: Dim, divisor: Dim) -> Dim | None:
    """`dim / divisor` where it is whole for all values of the symbols, as far as single terms can tell.

    >>> from cnngraph.ir.size import symbol
    >>> H = symbol("H")
    >>> print(quotient(6 * H * H + 2 * H, 2 * H), quotient(12, 4), quotient(H, 2))
    3*H+1 3 None
    """
    if divisor == 0:
        return None
    if isinstance(divisor, int):
        return exact_quotient(dim, divisor) if isinstance(dim, Size) else dim // divisor if dim % divisor == 0 else None
    if dim == divisor:
        return 1
    if isinstance(dim, int) or len(divisor.terms) != 1:
        return None
    ((atoms, coefficient),) = divisor.terms
    total: Dim = 0
    for monomial, factor in dim.terms:
        left = list(monomial)
        for atom in atoms:
            if atom not in left:
                return None
            left.remove(atom)
        part = factor / coefficient
        if part.denominator != 1:
            return None
        term: Dim = Size(((tuple(left), part),)) if left else part.numerator
        total = total + term
    return total


@dataclass(frozen=True)
class _Walk:
    """Deals the factors of a layout, in the foreign order, out to the axes of a new shape."""

    layout: Layout
    batch: int | None

    def _known(self, dim: Dim) -> Dim:
        return dim if self.batch is None else bind(dim, {"batch": self.batch})

    def to(self, shape: list[Dim]) -> Layout | None:
        queue = [_Piece(f, self._known(self.layout.sizes[f])) for f in chain(*self.layout.theirs)]
        shape = [self._known(size) for size in shape]
        open_ = shape.index(-1) if -1 in shape else len(shape)
        front = [_take(queue, size, 0) for size in shape[:open_]]
        back = [_take(queue, size, -1) for size in reversed(shape[open_ + 1 :])][::-1]
        if any(axis is None for axis in (*front, *back)):
            return None
        taken = [axis for axis in front if axis is not None]
        if open_ < len(shape):
            return self._made([*taken, queue, *(axis for axis in back if axis is not None)])
        if any(piece.size != 1 for piece in queue) or (queue and not taken):
            return None
        return self._made([*taken[:-1], taken[-1] + queue] if queue else taken)

    def _made(self, taken: list[list[_Piece]]) -> Layout | None:
        """The layout whose factors are the pieces; None where the batch would be cut."""
        pieces = sorted(chain(*taken), key=lambda piece: (piece.factor, piece.place))
        number = {id(piece): i for i, piece in enumerate(pieces)}
        split = [[p for p in pieces if p.factor == f] for f in range(len(self.layout.sizes))]
        if any(size == BATCH and len(parts) > 1 for size, parts in zip(self.layout.sizes, split, strict=True)):
            return None
        sizes = [
            [size] if len(parts) == 1 else [piece.size for piece in parts]
            for size, parts in zip(self.layout.sizes, split, strict=True)
        ]
        ours = tuple(tuple(chain(*(sizes[f] for f in group))) for group in self.layout.groups)
        return Layout(ours, tuple(tuple(number[id(piece)] for piece in axis) for axis in taken))


class _Piece:
    """A part of a factor; a lower place is slower."""

    def __init__(self, factor: int, size: Dim, place: tuple[int, ...] = ()) -> None:
        self.factor, self.size, self.place = factor, size, place

    def split(self, slow: Dim, fast: Dim) -> tuple[_Piece, _Piece]:
        return _Piece(self.factor, slow, (*self.place, 0)), _Piece(self.factor, fast, (*self.place, 1))


def _take(queue: list[_Piece], size: Dim, end: int) -> list[_Piece] | None:
    """Pieces of this product from the front (0) or the back (-1) of the queue, in foreign order; None if none fit."""
    taken: list[_Piece] = []
    if size == 1 and end == 0 and queue and queue[0].size == 1:
        return [queue.pop(0)]  # a batch of one
    while size != 1:
        if not queue:
            return None
        piece = queue.pop(end)
        rest = quotient(size, piece.size)
        if rest is None:
            share = quotient(piece.size, size)
            if share is None:
                return None
            slow, fast = piece.split(*((size, share) if end == 0 else (share, size)))
            piece, left = (slow, fast) if end == 0 else (fast, slow)
            queue.insert(0 if end == 0 else len(queue), left)
            rest = 1
        taken.append(piece)
        size = rest
    return taken if end == 0 else taken[::-1]
