"""A value on its way to noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, channels_of, total_bytes
from cnngraph.ir.types import TensorType


@dataclass(frozen=True)
class Diffuse(Op):
    """A value after `time + 1` small steps towards noise, all of them at once.

        y = sqrt(a) x + sqrt(1 - a) noise,    a = product over s <= time of (1 - beta[s])

    beta grows evenly from `first` to `last` over all `steps`.

    shapes: x and noise c@positions, time ids(steps) -> c@positions.
    fields: first, last (0 < first <= last < 1: how much of the variance a step replaces by noise); steps.
    errors: E0108 fields; E0301, E0302 x and noise differ; E0204 time is not ids without positions, or too few features.
    cost:   three flops for each element.
    source: Ho, Jain, Abbeel: Denoising diffusion probabilistic models, 2020, equation 4 and section 4.

    >>> Diffuse(0.5, 0.5).forward(np.array([[4.0], [4.0]]), np.array([[0.0], [0.0]]), np.array([1, 3]))
    array([[2.],
           [1.]])
    """

    first: float = 1e-4
    last: float = 0.02
    steps: int = 1000

    name: ClassVar[str] = "diffuse"
    operands: ClassVar[tuple[str, ...]] = ("x", "noise", "time")
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("time",), "noise": ("time",)}

    def infer(self, x: TensorType, noise: TensorType, time: TensorType) -> TensorType:
        if not 0 < self.first <= self.last < 1:
            message = f"diffuse replaces parts between 0 and 1, growing: not {self.first} to {self.last}"
            raise OpError("E0108", message)
        channels_of(self.name, x)
        if noise.shape[:-1] != x.shape[:-1]:
            raise OpError("E0301", f"diffuse mixes {x} with noise {noise}: their positions differ", operand=1)
        if noise != x:
            raise OpError("E0302", f"diffuse mixes {x} with noise {noise}: their channels differ", operand=1)
        if time.vocabulary != self.steps or time.positions:
            helps = (f"declare it as `time: ids({self.steps})`, or give diffuse other `steps`",)
            raise OpError("E0204", f"diffuse knows {self.steps} times, but receives {time}", helps, operand=2)
        return x

    def forward(self, x: Array, noise: Array, time: Array) -> Array:
        kept, mixed = self._parts(time, x)
        return np.asarray(kept * x + mixed * noise)

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        kept, mixed = self._parts(saved["time"], dy)
        return np.asarray((kept if wanted == "x" else mixed) * dy)

    def signal(self) -> Array:
        """a, the part of the variance that is still the value's own, after each step: (steps,)."""
        return np.cumprod(1 - np.linspace(self.first, self.last, self.steps))

    def _parts(self, time: Array, x: Array) -> tuple[Array, Array]:
        """The factors of the value and of the noise for each sample, as they meet x: (N, 1..., 1)."""
        signal = self.signal()[time].reshape(-1, *(1,) * (x.ndim - 1))
        return np.sqrt(signal).astype(x.dtype), np.sqrt(1 - signal).astype(x.dtype)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(3 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(outputs[0].elements, 2 * total_bytes(outputs))

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        grid, vector = TensorType.of(3, (4, 5)), TensorType.of(4)
        return (
            Sample(cls(), (grid, grid, TensorType.ids(1000))),
            Sample(cls(0.1, 0.5, 6), (vector, vector, TensorType.ids(6)), batch=3),
        )
