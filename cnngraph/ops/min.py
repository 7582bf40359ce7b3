"""Smallest of several values, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Onnx, Sample
from cnngraph.ir.types import TensorType
from cnngraph.ops.max import Max


@dataclass(frozen=True)
class Min(Max):
    """Minimum, element by element: y = min(x0, x1, ...). The gradient goes to the first of equal inputs.

    shapes: equal shapes -> the same.
    errors: E0301 different positions; E0302 different channels; E0303 fewer than two inputs; E0204 ids.
    cost:   one flop for each element and each further input.
    source: Redmon, Farhadi: YOLO9000, CVPR 2017, section 2 (boxes meet between the larger of their starts and the
            smaller of their ends); ONNX Min-13.

    >>> Min().forward(np.array([1.0, 5.0]), np.array([4.0, 2.0]))
    array([1., 2.])
    """

    name: ClassVar[str] = "min"

    def forward(self, *inputs: Array) -> Array:
        return np.asarray(reduce(np.minimum, inputs))

    def onnx(self) -> Onnx:
        return Onnx("Min", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        grid = TensorType.of(3, (4, 5))
        return (Sample(cls(), (grid, grid)), Sample(cls(), (TensorType.of(6),) * 3))
