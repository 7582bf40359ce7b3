"""Foreign arrays become ours and come back."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.interop.imported import Axes

CASES = [
    (Axes((0, 3, 1, 2), 4), (2, 3, 4, 5), (2, 4, 5, 3)),
    (Axes((0, 1, None, None), 2), (2, 3, 1, 1), (2, 3)),
    (Axes((3, 1, 2), 4), (3, 4, 5), (1, 4, 5, 3)),
    (Axes((1, 0, 2), 3), (7, 2, 3), (2, 7, 3)),
    (Axes((2, 0, None, 1), 3), (4, 2, 1, 5), (2, 5, 4)),
    (Axes((0,), 2), (6,), (6, 1)),
    (Axes((), 0), (), ()),
]


@pytest.mark.parametrize(("axes", "theirs", "ours"), CASES, ids=str)
def test_there_and_back(axes: Axes, theirs: tuple[int, ...], ours: tuple[int, ...]) -> None:
    x = np.arange(np.prod(theirs, dtype=int)).reshape(theirs)
    assert axes.ours(x).shape == ours
    assert np.array_equal(axes.theirs(axes.ours(x)), x)


def test_each_number_is_where_its_axes_say() -> None:
    x = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    assert np.array_equal(Axes((0, 3, 1, 2), 4).ours(x), np.moveaxis(x, 1, -1))
