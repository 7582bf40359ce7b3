"""A linear map of the features at every position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, Weight, fixed_channels_of, product_cost
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.ops.conv import channel_sums, matrix


@dataclass(frozen=True)
class Linear(Op):
    """A linear map of the features, the same at every position: y[..., k] = bias[k] + sum_c x[..., c] * weight[c, k].

    shapes: c -> features; c@positions -> features@positions.
    fields: features (>= 1); bias.
    errors: E0204 the number of features is not fixed; E0108 fewer than one feature.
    cost:   multiply-adds = positions * channels * features.
    source: Rosenblatt, Psychological Review 65(6), 1958; ONNX MatMul-13.

    >>> print(Linear(64).infer(TensorType.of(3, (10,))))
    64@10
    """

    features: int
    bias: bool = True

    name: ClassVar[str] = "linear"
    weights: ClassVar[tuple[str, ...]] = ("weight", "bias")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("weight",), "weight": ("x",), "bias": ()}
    counts_depth: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        fixed_channels_of(self.name, x)
        if self.features < 1:
            raise OpError("E0108", f"{self.name} must have at least 1 feature, not {self.features}")
        return x.known(channels=self.features)

    def weight_types(self, x: TensorType) -> Mapping[str, Weight]:
        shape = (fixed_channels_of(self.name, x), self.features)
        weights = {"weight": Weight(TensorType(shape, x.dtype), "he")}
        return {**weights, "bias": Weight(TensorType((self.features,), x.dtype), "zeros")} if self.bias else weights

    def forward(self, x: Array, weight: Array, bias: Array | None = None) -> Array:
        y = matrix(x) @ weight
        if bias is not None:
            y += bias
        return y.reshape(*x.shape[:-1], self.features)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        if wanted == "bias":
            return channel_sums(dy)
        if wanted == "weight":
            return matrix(saved["x"]).T @ matrix(dy)
        return (matrix(dy) @ saved["weight"].T).reshape(shapes["x"])

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return product_cost(outputs[0].elements * number(inputs[1].shape[0]), inputs, outputs)

    def onnx(self) -> Onnx | None:
        return None if self.bias else Onnx("MatMul", 13)

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(5), (TensorType.of(3, (4, 6)),)),
            Sample(cls(4, bias=False), (TensorType.of(3, (7,)),)),
            Sample(cls(4), (TensorType.of(5),), batch=3),
        )
