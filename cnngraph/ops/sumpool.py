"""Sum pooling in one, two or three dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Saved, Shape
from cnngraph.ops.pool import Pool, spread_sums, window_sums


@dataclass(frozen=True)
class SumPool(Pool):
    """Sum pooling: the sum of each window, in each channel.

        y[n, o, c] = sum_i x[n, o * stride + i - pad, c]

    shapes: c@positions -> c@positions', positions' = floor((N + 2P - F) / S) + 1; in 1, 2 or 3 dimensions.
    fields: window, pad, stride and ceil as in maxpool; padding counts as zeros.
    errors: E0202 no grid; E0203 window larger than the padded input; E0108 pad not below the window.
    cost:   one flop for each element of each window.
    source: LeCun et al., Proc. IEEE 1998, section II.B (a unit of S2 adds four inputs); in ONNX an AveragePool times
            the number of elements of the window.

    >>> import numpy as np
    >>> from cnngraph.ir.window import Window
    >>> SumPool(Window((2,))).forward(np.array([[[1.0], [3.0], [5.0], [9.0]]])).ravel()
    array([ 4., 14.])
    """

    name: ClassVar[str] = "sumpool"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def forward(self, x: Array) -> Array:
        return window_sums(x, *self.laid(x.shape))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return spread_sums(dy, self.laid(shapes["x"])[0], shapes["x"])
