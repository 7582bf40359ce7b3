"""The algebra of Winograd's convolution: m x m results of an r x r window from (m + r - 1)^2 products.

    Y = A^T [(G w G^T) * (B^T d B)] A        with * for each of the n x n elements, n = m + r - 1

Each polynomial product is taken at n - 1 points and at infinity, and read back from there (Toom-Cook). The points
decide how much rounding is enlarged: 1/2 and -2 among them make it 2.6 times smaller than 2 and -2 do.

source: Lavin, Gray: Fast Algorithms for Convolutional Neural Networks, CVPR 2016, section 4; Blahut: Fast Algorithms
for Signal Processing, 2010, section 5.2; Barabasz et al., ACM Trans. Math. Softw. 46(4), 2020, section 6 (points).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod

import numpy as np

from cnngraph.ir.op import Array

POINTS = tuple(map(Fraction, ("0", "1", "-1", "1/2", "-2", "2", "-1/2")))


@dataclass(frozen=True)
class Form:
    """F(m x m, r x r): `outputs` = m, `window` = r.

    >>> form = Form(2, 3)
    >>> d, w = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 10.0, 100.0])
    >>> print(form.outer @ ((form.weights @ w) * (form.inner @ d)))
    [321. 432.]
    """

    outputs: int
    window: int

    @property
    def size(self) -> int:
        """n: of a tile, and of what the products are taken of."""
        return self.outputs + self.window - 1

    @cached_property
    def inner(self) -> Array:
        """B^T (n, n): each row has the coefficients of the product of x - b over all points b but its own."""
        points = self._points
        rows = [_expanded([b for b in points if b != a]) for a in points]
        return _array([*([*row, Fraction(0)] for row in rows), _expanded(points)])

    @cached_property
    def weights(self) -> Array:
        """G (n, r): powers of each point, over the product of its distances to the others."""
        points = self._points
        rows = [
            [a**j / prod((a - b for b in points if b != a), start=Fraction(1)) for j in range(self.window)]
            for a in points
        ]
        return _array([*rows, _at_infinity(self.window)])

    @cached_property
    def outer(self) -> Array:
        """A^T (m, n): powers of each point."""
        rows = [[a**j for j in range(self.outputs)] for a in self._points]
        return _array([*rows, _at_infinity(self.outputs)]).T.copy()

    @property
    def _points(self) -> tuple[Fraction, ...]:
        return POINTS[: self.size - 1]


def _expanded(roots: Sequence[Fraction]) -> list[Fraction]:
    """The coefficients of the product of x - a over all roots a, from the constant one on."""
    found = [Fraction(1)]
    for a in roots:
        raised, scaled = [Fraction(0), *found], [*(a * c for c in found), Fraction(0)]
        found = [x - y for x, y in zip(raised, scaled, strict=True)]
    return found


def _at_infinity(count: int) -> list[Fraction]:
    """Where only the highest power counts."""
    return [Fraction(int(j == count - 1)) for j in range(count)]


def _array(rows: Sequence[Sequence[Fraction]]) -> Array:
    return np.array([[float(x) for x in row] for row in rows])
