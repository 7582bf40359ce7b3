"""One number from all features, or from all positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import (
    Array,
    Cost,
    Onnx,
    Op,
    OpError,
    Sample,
    Saved,
    Shape,
    channels_of,
    total_bytes,
    total_elements,
)
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import require_grid

FUNCTIONS: Mapping[str, Callable[..., Array]] = {"mean": np.mean, "sum": np.sum, "max": np.max, "min": np.min}
ONNX = {"mean": ("ReduceMean", 18), "sum": ("ReduceSum", 13), "max": ("ReduceMax", 20), "min": ("ReduceMin", 20)}
OVER = ("features", "positions")


@dataclass(frozen=True)
class Reduce(Op):
    """The mean, the sum, the largest or the smallest of the features, or of the positions.

        features:   y[n, p, 0] = mean_c x[n, p, c]
        positions:  y[n, c]    = mean_p x[n, p, c]

    The gradient of `max` and `min` goes to the first such value. The mean and the maximum over the positions are
    `globalavgpool` and `globalmaxpool` too.

    shapes: over features c@positions -> 1@positions, or c -> 1; over positions c@positions -> c.
    fields: by ("mean", "sum", "max" or "min"); over ("features" or "positions").
    errors: E0108 by or over; E0202 no grid to reduce the positions of; E0204 ids.
    cost:   one flop for each input element.
    source: Woo et al.: CBAM, ECCV 2018, section 3 (mean and maximum over the features at each position);
            ONNX ReduceMean-18, ReduceSum-13, ReduceMax-20, ReduceMin-20.

    >>> Reduce("max").forward(np.array([[1.0, 5.0, 2.0]]))
    array([[5.]])
    >>> print(Reduce("mean").infer(TensorType.of(64, (28, 28))))
    1@28x28
    """

    by: str
    over: str = "features"

    name: ClassVar[str] = "reduce"

    @property
    def saves(self) -> Mapping[str, tuple[str, ...]]:
        return {"x": ("x",) if self.by in ("max", "min") else ()}

    def infer(self, x: TensorType) -> TensorType:
        for value, known in ((self.by, FUNCTIONS), (self.over, OVER)):
            if value not in known:
                raise OpError("E0108", f'reduce knows no "{value}"', (f"use one of {', '.join(known)}",))
        if self.over == "features":
            channels_of(self.name, x)
            return x.known(channels=1)
        require_grid(self.name, x)
        return x.known(positions=())

    def forward(self, x: Array) -> Array:
        return FUNCTIONS[self.by](x, axis=self._axes(x.ndim), keepdims=self.over == "features")

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        shape = shapes["x"]
        axes = self._axes(len(shape))
        dy = dy if self.over == "features" else np.expand_dims(dy, axes)
        if self.by in ("max", "min"):
            return self._to_first(saved["x"], dy)
        count = np.prod([shape[axis] for axis in axes]) if self.by == "mean" else 1
        return np.broadcast_to(dy / dy.dtype.type(count), shape).copy()

    def _to_first(self, x: Array, dy: Array) -> Array:
        """`dy` at the first largest or smallest value of those that are reduced, and 0 elsewhere."""
        table = x.reshape(len(x), -1, x.shape[-1])  # (N, all positions, C)
        axis = 2 if self.over == "features" else 1
        first = (table.argmax if self.by == "max" else table.argmin)(axis=axis, keepdims=True)
        dx = np.zeros(table.shape, dy.dtype)
        np.put_along_axis(dx, first, dy.reshape(first.shape), axis)
        return dx.reshape(x.shape)

    def _axes(self, rank: int) -> tuple[int, ...]:
        return (rank - 1,) if self.over == "features" else tuple(range(1, rank - 1))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(total_elements(inputs), total_bytes(inputs) + total_bytes(outputs))

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return f"reduce over the {self.over}"

    def field_of_view(self, rank: int) -> tuple[tuple[int, int], ...] | None:
        return ((1, 1),) * rank if self.over == "features" else None

    def onnx(self) -> Onnx:
        operator, opset = ONNX[self.by]
        return Onnx(operator, opset, {"keepdims": int(self.over == "features")})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        image = TensorType.of(3, (4, 5))
        return (
            *(Sample(cls(by), (image,)) for by in FUNCTIONS),
            *(Sample(cls(by, "positions"), (image,), batch=1) for by in FUNCTIONS),
            Sample(cls("sum"), (TensorType.of(6),), batch=3),
            Sample(cls("min", "positions"), (TensorType.of(2, (3, 4, 5)),)),
        )
