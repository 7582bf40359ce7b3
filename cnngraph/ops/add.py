"""Sum of values, and what the merges have in common: which inputs fit together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, channels_of, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Add(Op):
    """Sum: y = x0 + x1 + ...; a vector c is added at every position of a grid c@positions.

    shapes: equal shapes -> the same; among grids c@positions, some may be vectors c; also weights, scalars.
    errors: E0301 different positions; E0302 different channels; E0303 fewer than two inputs; E0204 ids.
    cost:   one flop for each element and each further input.
    source: He et al., CVPR 2016, equation 1 (shortcut); ONNX Sum-13 (for two, Add-14 as well).

    >>> print(Add().infer(TensorType.of(64, (56, 56)), TensorType.of(64)))
    64@56x56
    """

    name: ClassVar[str] = "add"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}
    variadic: ClassVar[bool] = True
    merges: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, *inputs: TensorType) -> TensorType:
        return merged(self.name, inputs)

    def forward(self, *inputs: Array) -> Array:
        return np.asarray(reduce(np.add, at_every_position(inputs)))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return summed_to(dy, shapes[wanted])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return merge_cost(inputs, outputs)

    def onnx(self) -> Onnx:
        return Onnx("Sum", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return merge_samples(cls())


def merged(name: str, inputs: Sequence[TensorType], vectors: bool = True) -> TensorType:
    """The type of inputs that meet element by element; with `vectors`, a vector meets a grid at every position."""
    if len(inputs) < 2:
        raise OpError("E0303", f"{name} needs at least two inputs")
    for i, x in enumerate(inputs):
        if x.shape:
            channels_of(name, x, i)
    widest = max(inputs, key=lambda x: len(x.shape))
    for x in inputs:
        is_vector = vectors and len(x.shape) == 2 and x.shape[:1] == widest.shape[:1]
        if x.shape[:-1] != widest.shape[:-1] and not is_vector:
            raise OpError("E0301", f"the inputs of {name} have different positions")
        if x.shape[-1:] != widest.shape[-1:]:
            raise OpError("E0302", f"the inputs of {name} have different channels")
    return widest


def at_every_position(inputs: Sequence[Array]) -> list[Array]:
    """The inputs with axes of length 1 for the positions of the widest: (N, C) becomes (N, 1..., C)."""
    rank = max(x.ndim for x in inputs)
    return [x if x.ndim == rank else x.reshape(x.shape[0], *(1,) * (rank - 2), x.shape[1]) for x in inputs]


def summed_to(dy: Array, shape: Shape) -> Array:
    """The gradient of an input of `shape`: where it was a vector at every position, the sum over the positions."""
    if dy.shape == shape:
        return dy
    total: Array = dy.sum(axis=tuple(range(1, dy.ndim - 1)))
    return total


def merge_cost(inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
    """One flop for each element of the result and each input after the first."""
    return Cost(outputs[0].elements * (len(inputs) - 1), total_bytes(inputs) + total_bytes(outputs))


def merge_samples(op: Op) -> tuple[Sample, ...]:
    """Two and three grids, a grid between two vectors, weights, scalars."""
    grid, vector = TensorType.of(3, (4, 6)), TensorType.of(3)
    return (
        Sample(op, (grid, grid)),
        Sample(op, (grid, grid, grid)),
        Sample(op, (vector, grid, vector)),
        Sample(op, (TensorType((3, 5)), TensorType((3, 5)))),
        Sample(op, (TensorType(()), TensorType(()))),
    )
