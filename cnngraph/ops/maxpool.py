"""Max pooling in one, two or three dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Onnx
from cnngraph.ir.window import Holes
from cnngraph.ops.pool import DilatedPool, ExtremePool


@dataclass(frozen=True)
class MaxPool(DilatedPool, ExtremePool):
    """Max pooling: the largest value of each window, in each channel.

        y[n, o, c] = max_i x[n, o * stride + i * dilation - pad, c]

    The gradient goes to the first largest value of a window.

    shapes: c@positions -> c@positions', positions' = floor((N + 2P - F) / S) + 1; in 1, 2 or 3 dimensions.
    fields: window (its stride is its own size unless given, as in `3x3/2`); pad (as in conv, but below the window; it
            counts as minus infinity); stride; ceil (round up: a last window may reach over the edge);
            dilation (distance of the elements of a window).
    errors: E0202 no grid; E0203 window larger than the padded input; E0108 pad not below the window.
    cost:   one flop for each element of each window.
    source: Zhou, Chellappa, ICNN 1988; ONNX MaxPool-22.

    >>> from cnngraph.ir.types import TensorType
    >>> from cnngraph.ir.window import Window
    >>> print(MaxPool(Window((3, 3), (2, 2))).infer(TensorType.of(96, (55, 55))))
    96@27x27
    """

    dilation: Holes = 1

    name: ClassVar[str] = "maxpool"
    better: ClassVar[np.ufunc] = np.maximum
    worst: ClassVar[float] = -np.inf

    def onnx(self) -> Onnx:
        return Onnx("MaxPool", 22, {"ceil_mode": int(self.ceil)})
