"""Channel shuffle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, fixed_channels_of, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Shuffle(Op):
    """Channel shuffle: channels that lie in blocks, one for each group, take turns.

        y[..., j * groups + i] = x[..., i * c / groups + j]

    shapes: c@positions -> c@positions, or c -> c.  fields: groups (divides the channels).
    errors: E0108 groups; E0204 ids, or features of no fixed number.
    cost:   no flops, everything read and written once.
    source: Zhang, Zhou, Lin, Sun: ShuffleNet, CVPR 2018, section 3.1; in ONNX a reshape, a transpose and a reshape.

    >>> import numpy as np
    >>> Shuffle(2).forward(np.array([[1, 2, 3, 10, 20, 30]]))
    array([[ 1, 10,  2, 20,  3, 30]])
    """

    groups: int

    name: ClassVar[str] = "shuffle"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        channels = fixed_channels_of(self.name, x)
        if self.groups < 1 or channels % self.groups:
            raise OpError("E0108", f"{self.groups} groups do not divide the {channels} channels of shuffle")
        return x

    def forward(self, x: Array) -> Array:
        return _turned(x, self.groups)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return _turned(dy, dy.shape[-1] // self.groups)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(2), (TensorType.of(6, (4, 5)),)), Sample(cls(4), (TensorType.of(12),), batch=3))


def _turned(x: Array, rows: int) -> Array:
    """The channels, written as a matrix of `rows` rows, in the order of its columns."""
    table = x.reshape(*x.shape[:-1], rows, -1)  # (N, positions..., rows, C / rows)
    return table.swapaxes(-1, -2).reshape(x.shape)
