"""`mirror(vertical)`: left becomes right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnngraph.data.augmentation import Augmentation
from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Mirror(Augmentation):
    """Left becomes right for one picture in two; with `vertical`, top becomes bottom.

    y[r, c] = x[r, W - 1 - c], or x[H - 1 - r, c].

    source: Krizhevsky, Sutskever, Hinton, 2012, section 4.1 (horizontal reflections).

    >>> Mirror().apply(np.array([[[[1], [2]]], [[[1], [2]]]], np.uint8), np.array([[0.4], [0.6]]))[:, 0, :, 0]
    array([[2, 1],
           [1, 2]], dtype=uint8)
    """

    vertical: bool = False

    def apply(self, images: Array, numbers: Array) -> Array:
        turned = np.flatnonzero(numbers[:, 0] < 0.5)
        changed = images.copy()
        changed[turned] = np.flip(images[turned], axis=1 if self.vertical else 2)
        return changed
