"""Gaussian error linear unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erfc, pi, sqrt
from typing import ClassVar

import numpy as np

from cnngraph.ir.op import Array, Cost, Onnx, Op, Sample, Saved, Shape, refuse_ids, total_bytes
from cnngraph.ir.types import TensorType

CUBIC = 0.044715
CHUNK = 2**15  # numbers that fit into the cache of a core
POLE = 0.24
TAIL = (  # of t * polynomial(t), lowest power first; our own fit, error below 4e-10
    0.08952755928012113,
    0.1555126497399587,
    -0.15404592318350382,
    0.6255854703435084,
    -0.6460662359566234,
    0.5545717640435885,
    -0.1250852845749506,
)


@dataclass(frozen=True)
class Gelu(Op):
    """Gaussian error linear unit: y = x * P(X <= x) for a standard normal X.

        y = x / 2 * (1 + erf(x / sqrt(2)))
        y = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3)))      with tanh = true, which differs by 5e-4

    shapes: any -> the same.  fields: tanh (the second form).  errors: E0204 ids.
    cost:   20 flops for each element.
    source: Hendrycks, Gimpel: Gaussian error linear units, 2016, section 2; ONNX Gelu-20.

    >>> Gelu().forward(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """

    tanh: bool = False

    name: ClassVar[str] = "gelu"
    saves: ClassVar[Mapping[str, tuple[str, ...]]] = {"x": ("x",)}
    activation: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        refuse_ids("gelu", x)
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(x * self._share(x))

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        x = saved["x"]
        share = self._share(x)
        if self.tanh:
            slope = 2 * share * (1 - share) * sqrt(2 / pi) * (1 + 3 * CUBIC * x * x)
        else:
            slope = np.exp(x * x * -0.5) / sqrt(2 * pi)
        return np.asarray(dy * (share + x * slope))

    def _share(self, x: Array) -> Array:
        """How much of x passes."""
        if self.tanh:
            return np.asarray((np.tanh((x + CUBIC * x * x * x) * sqrt(2 / pi)) + 1) / 2)
        return normal_distribution(x)

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        return Cost(20 * outputs[0].elements, total_bytes(inputs) + total_bytes(outputs))

    def onnx(self) -> Onnx:
        return Onnx("Gelu", 20, {"approximate": "tanh" if self.tanh else "none"})

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        return (Sample(cls(), (TensorType.of(3, (4, 5)),)), Sample(cls(tanh=True), (TensorType.of(7),), batch=3))


def normal_distribution(x: Array) -> Array:
    """P(X <= x) for a standard normal X, in the precision of x.

    float64 takes the complementary error function of the C library, one number after another; float32 a formula

        P(X <= -a) = exp(-a ** 2 / 2) * t * polynomial(t),    t = 1 / (1 + 0.24 * a),    a >= 0

    in the form of Abramowitz, Stegun: Handbook of mathematical functions, 1964, 26.2.17, with a longer polynomial.
    It is computed in float64, so its error is that of rounding to float32.

    >>> normal_distribution(np.array([0.0, 1.0])).round(6)
    array([0.5     , 0.841345])
    """
    flat = x.reshape(-1)
    if x.dtype == np.float64:
        return np.fromiter(map(erfc, (flat * -sqrt(0.5)).tolist()), x.dtype, x.size).reshape(x.shape) / 2
    y = np.empty(flat.shape, x.dtype)
    for start in range(0, flat.size, CHUNK):
        part = flat[start : start + CHUNK].astype(np.float64)
        tail = _tail(np.abs(part))
        y[start : start + CHUNK] = np.where(part < 0, tail, 1 - tail)
    return y.reshape(x.shape)


def _tail(a: Array) -> Array:
    """P(X <= -a) for a >= 0."""
    t = 1 / (1 + POLE * a)
    y = np.full_like(t, TAIL[-1])
    for coefficient in TAIL[-2::-1]:
        y *= t
        y += coefficient
    y *= t
    y *= np.exp(a * a * -0.5)
    return y
