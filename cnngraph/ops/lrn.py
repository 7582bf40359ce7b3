"""Local response normalization across channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnngraph.ir.op import Array, Cost, Onnx, Op, OpError, Sample, Saved, Shape, channels_of, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Lrn(Op):
    """Local response normalization: each channel is divided by the energy of its neighbour channels.

        y[..., c] = x[..., c] / (bias + alpha / size * sum_j x[..., j] ** 2) ** beta        |j - c| <= (size - 1) / 2

    shapes: any -> the same.
    fields: size (odd number of channels: on an even one ONNX and PyTorch disagree); alpha; beta; bias (> 0). AlexNet's
            paper does not divide alpha by size.
    errors: E0108 a field outside its range; E0204 no features.
    cost:   2 * size + 3 flops for each element.
    source: Krizhevsky, Sutskever, Hinton, NeurIPS 2012, section 3.3; ONNX LRN-13.

    >>> print(Lrn(5).infer(TensorType.of(96, (27, 27))))
    96@27x27
    """

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    bias: float = 1.0

    name: ClassVar[str] = "lrn"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}

    def infer(self, x: TensorType) -> TensorType:
        channels_of(self.name, x)
        if self.size < 1 or self.size % 2 == 0:
            raise OpError("E0108", f"the size of lrn must be odd, not {self.size}", ("5 is usual",))
        if self.bias <= 0 or self.alpha < 0:
            raise OpError("E0108", f"lrn needs bias > 0 and alpha >= 0, not {self.bias} and {self.alpha}")
        return x

    def forward(self, x: Array) -> Array:
        y: Array = x * self._energy(x) ** -self.beta
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        x = saved["x"]
        energy = self._energy(x)
        power = energy**-self.beta
        neighbours = self._sum_of_neighbours(dy * x * power / energy)
        dx: Array = dy * power - (2 * self.beta * self.alpha / self.size) * x * neighbours
        return dx

    def _energy(self, x: Array) -> Array:
        energy: Array = self.bias + self.alpha / self.size * self._sum_of_neighbours(x * x)
        return energy

    def _sum_of_neighbours(self, x: Array) -> Array:
        """For each channel, the sum of the channels at most (size - 1) / 2 away."""
        total, channels = x.copy(), x.shape[-1]
        for away in range(1, min(self.size // 2, channels - 1) + 1):
            total[..., away:] += x[..., :-away]
            total[..., :-away] += x[..., away:]
        return total

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(outputs[0].elements * (2 * self.size + 3), total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("LRN", 13, {"size": self.size, "alpha": self.alpha, "beta": self.beta, "bias": self.bias})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (
            Sample(cls(5, alpha=0.5, bias=2.0), (TensorType.of(7, (3, 4)),)),
            Sample(cls(3, 1.0, 0.5), (TensorType.of(2, (5,)),)),
        )
