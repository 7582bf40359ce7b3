"""Positions gathered as features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, fixed_channels_of, total_bytes
from cnngraph.ir.size import exact_quotient
from cnngraph.ir.types import TensorType, positions_text
from cnngraph.ir.window import spread
from cnngraph.ops.pixel_shuffle import Factors, factors_of, gathered, laid_out


@dataclass(frozen=True)
class PixelUnshuffle(Op):
    """Positions gathered as features: each square of r x r positions becomes one, with all their features.

        y[n, h, w, (c * r + i) * r + j] = x[n, h * r + i, w * r + j, c]

    The inverse of pixel_shuffle; the passthrough layer of YOLOv2, in another order of features.

    shapes: c@r*Hxr*W -> c*r*r@HxW; with other numbers of axes alike.
    fields: factor (r >= 1): a number, or one for each axis.
    errors: E0202 no grid; E0108 factor; E0203 positions that it does not divide; E0204 positions that it may not
            divide, or features of no fixed number.
    cost:   no flops, everything read and written once.
    source: Redmon, Farhadi: YOLO9000, CVPR 2017, section 2 (fine-grained features); ONNX SpaceToDepth-13, whose
            features have another order.

    >>> import numpy as np
    >>> PixelUnshuffle(2).forward(np.array([[[[1], [2]], [[3], [4]]]]))
    array([[[[1, 2, 3, 4]]]])
    """

    factor: int | Factors

    name: ClassVar[str] = "pixel_unshuffle"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        factors = factors_of(self.name, self.factor, x)
        channels = fixed_channels_of(self.name, x)
        positions = []
        for n, r in zip(x.positions, factors, strict=True):
            if (quotient := exact_quotient(n, r)) is None:
                helps = () if isinstance(n, int) else (f"add `where {n} % {r} == 0` to the net",)
                message = f"pixel_unshuffle needs a multiple of {r} positions, but receives {positions_text((n,))}"
                raise OpError("E0203" if isinstance(n, int) else "E0204", message, helps, operand=0)
            positions.append(quotient)
        return x.known(channels * prod(factors), positions)

    def forward(self, x: Array) -> Array:
        return gathered(x, spread(self.name, "factor", self.factor, x.ndim - 2))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return laid_out(dy, spread(self.name, "factor", self.factor, dy.ndim - 2))

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(0, total_bytes(inputs) + total_bytes(outputs))

    def reason(self, inputs: Sequence[TensorType]) -> str:
        return f"this {self}"

    def field_of_view(self, rank: int) -> tuple[tuple[int, int], ...]:
        return tuple((r, r) for r in spread(self.name, "factor", self.factor, rank))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(2), (TensorType.of(3, (4, 10)),)),
            Sample(cls((3,)), (TensorType.of(2, (15,)),), batch=1),
            Sample(cls((3, 1, 2)), (TensorType.of(2, (6, 5, 4)),)),
        )
