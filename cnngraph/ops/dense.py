"""A fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Onnx, OpError, Sample, channels_of
from cnngraph.ir.size import Dim
from cnngraph.ir.types import TensorType
from cnngraph.ops.linear import Linear


@dataclass(frozen=True)
class Dense(Linear):
    """A fully connected layer: a linear map of a vector, y[n, k] = bias[k] + sum_c x[n, c] * weight[c, k].

    shapes: c -> features. A grid is refused, because it is not clear which of its numbers are meant.
    fields: features (>= 1); bias.
    errors: E0201 a grid; E0204 the number of features is not fixed; E0108 fewer than one feature.
    cost:   multiply-adds = channels * features.
    source: Rosenblatt, Psychological Review 65(6), 1958; ONNX Gemm-13.

    >>> print(Dense(10).infer(TensorType.of(84)))
    10
    """

    name: ClassVar[str] = "dense"

    def infer(self, x: TensorType) -> TensorType:
        channels = channels_of(self.name, x)
        if x.positions:
            raise OpError("E0201", f"dense needs a vector, but receives {x}", _ways_to_a_vector(x, channels), operand=0)
        return super().infer(x)

    def onnx(self) -> Onnx:
        return Onnx("Gemm", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(5), (TensorType.of(3),)),
            Sample(cls(4, bias=False), (TensorType.of(5),), batch=3),
        )


def _ways_to_a_vector(x: TensorType, channels: Dim) -> tuple[str, ...]:
    values = channels
    for size in x.positions:
        values = values * size
    flatten = (f"`flatten -> dense(...)` uses all {values} values",) if isinstance(values, int) else ()
    return (
        *flatten,
        f"`globalavgpool -> dense(...)` uses {channels}",
        "`linear(n)` acts on the features at every position",
    )
