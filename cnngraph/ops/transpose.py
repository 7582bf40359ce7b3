"""The axes of the positions in another order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, total_bytes
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import require_grid


@dataclass(frozen=True)
class Transpose(Op):
    """The axes of the positions in another order; the features stay last: y[n, j, i, c] = x[n, i, j, c] for (1, 0).

    shapes: c@positions -> c@positions', positions'[a] = positions[order[a]].
    fields: order (each axis of positions once, counted from 0: `(1, 0)` exchanges height and width).
    errors: E0202 no grid; E0108 order.
    cost:   no flops, everything read and written once.
    source: ONNX Transpose-21.

    >>> print(Transpose((2, 0, 1)).infer(TensorType.of(3, (16, 28, 30))))
    3@30x16x28
    """

    order: int | tuple[int, ...]

    name: ClassVar[str] = "transpose"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        require_grid(self.name, x)
        rank = len(x.positions)
        if sorted(self._axes) != list(range(rank)):
            axes = ", ".join(map(str, range(rank)))
            message = f"the order of transpose must hold each of the axes {axes} of {x} once, not {self._axes}"
            raise OpError("E0108", message, operand=0)
        return x.known(positions=[x.positions[axis] for axis in self._axes])

    def forward(self, x: Array) -> Array:
        return x.transpose(self._whole)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return dy.transpose(tuple(np.argsort(self._whole)))

    @property
    def _axes(self) -> tuple[int, ...]:
        return self.order if isinstance(self.order, tuple) else (self.order,)

    @property
    def _whole(self) -> tuple[int, ...]:
        """The order of all axes: the batch first, the features last."""
        return (0, *(axis + 1 for axis in self._axes), len(self._axes) + 1)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return f"transpose to the order {self._axes}"

    def field_of_view(self, rank: int) -> None:
        return None  # an axis would have to be followed through it

    def onnx(self) -> Onnx:
        return Onnx("Transpose", 21)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls((1, 0)), (TensorType.of(3, (4, 5)),)),
            Sample(cls((2, 0, 1)), (TensorType.of(2, (3, 4, 5)),), batch=1),
            Sample(cls(0), (TensorType.of(2, (3,)),)),
        )
