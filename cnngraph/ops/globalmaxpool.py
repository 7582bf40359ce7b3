"""Global max pooling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Onnx, Saved, Shape
from cnngraph.ops.pool import GlobalPool


@dataclass(frozen=True)
class GlobalMaxPool(GlobalPool):
    """Global max pooling: the largest value over all positions, y[n, c] = max_p x[n, p, c].

    The gradient goes to the first largest value.

    shapes: c@positions -> c, for positions of any number and size.
    errors: E0202 no grid.
    cost:   one flop for each input element.
    source: Collobert et al., JMLR 2011, section 3.2.2 (max over time); ONNX GlobalMaxPool-22.

    >>> from cnngraph.ir.types import TensorType
    >>> print(GlobalMaxPool().infer(TensorType.of(128, (40,))))
    128
    """

    name: ClassVar[str] = "globalmaxpool"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}

    def forward(self, x: Array) -> Array:
        y: Array = x.max(axis=tuple(range(1, x.ndim - 1)))
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        batch, *_, channels = shapes["x"]
        x = saved["x"].reshape(batch, -1, channels)  # (N, all positions, C)
        dx = np.zeros(x.shape, dy.dtype)
        np.put_along_axis(dx, x.argmax(axis=1)[:, None], dy[:, None], axis=1)
        return dx.reshape(shapes["x"])

    def onnx(self) -> Onnx:
        return Onnx("GlobalMaxPool", 22)
