"""L2 pooling in one, two or three dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Onnx, Saved, Shape
from cnngraph.ir.window import Holes
from cnngraph.ops.pool import DilatedPool, spread_sums, window_sums


@dataclass(frozen=True)
class L2Pool(DilatedPool):
    """L2 pooling: the length of each window as a vector, in each channel.

        y[n, o, c] = sqrt(sum_i x[n, o * stride + i - pad, c] ** 2)

    The gradient by a window of zeros, which has no slope, is 0.

    shapes: c@positions -> c@positions', positions' = floor((N + 2P - F) / S) + 1; in 1, 2 or 3 dimensions.
    fields: window, pad, stride ceil and dilation as in maxpool; padding counts as zeros.
    errors: E0202 no grid; E0203 window larger than the padded input; E0108 pad not below the window.
    cost:   two flops for each element of each window.
    source: Sermanet, Chintala, LeCun: Convolutional neural networks applied to house numbers digit classification,
            ICPR 2012 (Lp pooling); ONNX LpPool-22.

    >>> from cnngraph.ir.window import Window
    >>> L2Pool(Window((2,))).forward(np.array([[[3.0], [4.0], [0.0], [0.0]]])).ravel()
    array([5., 0.])
    """

    dilation: Holes = 1

    name: ClassVar[str] = "l2pool"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x", "y")}
    flops_each: ClassVar[int] = 2

    def forward(self, x: Array) -> Array:
        y: Array = np.sqrt(window_sums(x * x, *self.laid(x.shape)))
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        share = np.divide(dy, saved["y"], out=np.zeros_like(dy), where=saved["y"] != 0)
        dx: Array = saved["x"] * spread_sums(share, self.laid(shapes["x"])[0], shapes["x"])
        return dx

    def onnx(self) -> Onnx:
        return Onnx("LpPool", 22, {"p": 2, "ceil_mode": int(self.ceil)})
