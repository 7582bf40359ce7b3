"""How large a small image is drawn."""

from __future__ import annotations

from collections.abc import Sequence

WANTED = 224  # pixels of the longer side


def enlargement(shape: Sequence[int], wanted: int = WANTED) -> int:
    """A whole number: so many times as large, an image (H, W, ...) has about `wanted` pixels on its longer side.

    >>> enlargement((28, 28, 1)), enlargement((300, 200, 3))
    (8, 1)
    """
    return max(1, round(wanted / max(shape[0], shape[1])))
