"""Scores of later positions taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Op, OpError, Sample, Saved, Shape
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import require_grid

NEVER = -1e9  # finite, so that what follows stays finite; e to this power is 0


@dataclass(frozen=True)
class Causal(Op):
    """Scores of later positions taken away, between dot and softmax: no position sees what comes after it.

        y[n, h, t, s] = x[n, h, t, s] where s <= t, else -1e9, of which softmax makes exactly 0

    shapes: T@headsxT -> the same: as many scores as positions, as dot(q, k) of one sequence gives them.
    errors: E0202 no positions; E0204 ids, or another number of scores than of positions.
    cost:   one flop for each element.
    source: Vaswani et al.: Attention is all you need, 2017, section 3.2.3 (there minus infinity, of which another
            sum would make no number).

    >>> Causal().forward(np.array([[[0.5, 0.25], [0.5, 0.25]]]))
    array([[[ 5.0e-01, -1.0e+09],
            [ 5.0e-01,  2.5e-01]]])
    """

    name: ClassVar[str] = "causal"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ()}

    def infer(self, x: TensorType) -> TensorType:
        require_grid(self.name, x)
        if x.channels != x.positions[-1]:
            message = f"causal needs as many scores as positions, but receives {x}"
            helps = ("it belongs between dot(q, k) of one and the same sequence, and softmax",)
            raise OpError("E0204", message, helps, operand=0)
        return x

    def forward(self, x: Array) -> Array:
        return np.where(_seen(x.shape), x, x.dtype.type(NEVER))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return np.asarray(dy * _seen(dy.shape))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(5, (3, 5)),)), Sample(cls(), (TensorType.of(4, (4,)),), batch=3))


def _seen(shape: Shape) -> Array:
    """Whether position t may look at position s: (T, T)."""
    return np.tri(shape[-1], dtype=bool)
