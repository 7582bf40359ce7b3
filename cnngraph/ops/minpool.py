"""Min pooling in one, two or three dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ops.pool import ExtremePool


@dataclass(frozen=True)
class MinPool(ExtremePool):
    """Min pooling: the smallest value of each window, in each channel.

        y[n, o, c] = min_i x[n, o * stride + i - pad, c]

    The gradient goes to the first smallest value of a window.

    shapes: c@positions -> c@positions', positions' = floor((N + 2P - F) / S) + 1; in 1, 2 or 3 dimensions.
    fields: window, pad, stride and ceil as in maxpool; padding counts as infinity.
    errors: E0202 no grid; E0203 window larger than the padded input; E0108 pad not below the window.
    cost:   one flop for each element of each window.
    source: Haralick, Sternberg, Zhuang: Image analysis using mathematical morphology, PAMI 1987 (grey-scale erosion);
            in ONNX the MaxPool of the negative, turned again.

    >>> from cnngraph.ir.window import Window
    >>> MinPool(Window((2,))).forward(np.array([[[4.0], [3.0], [5.0], [9.0]]])).ravel()
    array([3., 5.])
    """

    name: ClassVar[str] = "minpool"
    better: ClassVar[np.ufunc] = np.minimum
    worst: ClassVar[float] = np.inf
