"""Operators that take each number by itself: functions and activations."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.values import Tensor, Value
from cnngraph.ir.op import Op
from cnngraph.ir.registry import registry
from cnngraph.ops.clip import Clip
from cnngraph.ops.elu import Elu
from cnngraph.ops.gelu import Gelu
from cnngraph.ops.hard_sigmoid import HardSigmoid
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.power import Power
from cnngraph.ops.relu import Relu
from cnngraph.ops.scale import Scale
from cnngraph.ops.selu import ALPHA, SCALE, Selu
from cnngraph.ops.shift import Shift
from cnngraph.ops.sign import Sign
from cnngraph.ops.silu import Silu

LARGEST = float(np.finfo(np.float32).max)
MEMBERS = ("abs", "cos", "erf", "exp", "hard_swish", "log", "mish", "relu", "sigmoid", "sign", "sin", "softplus",
           "softsign", "tanh")  # fmt: skip
"""Our operators whose ONNX name is the same without `_`, and which take no argument."""

Meaning = Callable[[Call], Value]


def each(op: Op) -> Meaning:
    return lambda call: call.each(op, call.tensor(0))


def chained(call: Call, x: Tensor, *ops: Op) -> Tensor:
    """One operator after the other on each number; those that change nothing are left out."""
    for op in ops:
        if op not in (Scale(1.0), Shift(0.0), Power(1.0)):
            x = call.each(op, x)
    return x


def _elu(call: Call) -> Value:
    return call.each(Elu(short(call["alpha"])), call.tensor(0))


def short(value: float) -> float:
    """The number of float32 as people write it: 0.1, not 0.10000000149."""
    return float(str(np.float32(value)))


def _celu(call: Call) -> Value:
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1)) = alpha * elu(x / alpha)."""
    alpha = short(call["alpha"])
    return chained(call, call.tensor(0), Scale(1 / alpha), Elu(), Scale(alpha))


def _selu(call: Call) -> Value:
    alpha, gamma = short(call["alpha"]), short(call["gamma"])
    if np.isclose(alpha, ALPHA) and np.isclose(gamma, SCALE):
        return call.each(Selu(), call.tensor(0))
    return chained(call, call.tensor(0), Elu(alpha), Scale(gamma))


def _hard_sigmoid(call: Call) -> Value:
    alpha, beta = short(call["alpha"]), short(call["beta"])
    if np.isclose(alpha, 1 / 6) and beta == 0.5:
        return call.each(HardSigmoid(), call.tensor(0))
    return chained(call, call.tensor(0), Scale(alpha), Shift(beta), Clip(0.0, 1.0))


def _swish(call: Call) -> Value:
    """x * sigmoid(alpha * x) = silu(alpha * x) / alpha."""
    alpha = call["alpha"]
    return chained(call, call.tensor(0), Scale(alpha), Silu(), Scale(1 / alpha))


def _thresholded_relu(call: Call) -> Value:
    return _above(call, call.tensor(0), call["alpha"], 0.0)


def _shrink(call: Call) -> Value:
    """x - bias above the limit, x + bias below its negative, 0 between."""
    x, limit, bias = call.tensor(0), call["lambd"], call["bias"]
    other = chained(call, x, Scale(-1.0))
    below = chained(call, _above(call, other, limit, bias), Scale(-1.0))
    return call.keep(x, call.apply(registry()["add"](), [_above(call, x, limit, bias).ref, below.ref]))


def _above(call: Call, x: Tensor, limit: float, bias: float) -> Tensor:
    """x - bias where x > limit, else 0: relu(sign(.)) is 1 above, and 0 at the limit itself."""
    is_above = chained(call, x, Shift(-limit), Sign(), Relu())
    return call.keep(x, call.apply(registry()["mul"](), [chained(call, x, Shift(-bias)).ref, is_above.ref]))


def _clip(call: Call) -> Value:
    x = call.tensor(0)
    low, high = call.number(1, -LARGEST, "the lower limit"), call.number(2, LARGEST, "the upper limit")
    low, high = max(low, -LARGEST), min(high, LARGEST)
    return limited(call, x, min(low, high), high)


def limited(call: Call, x: Tensor, low: float, high: float) -> Tensor:
    """x between two limits, of which one may be so far that it is none."""
    if low == high:
        return chained(call, x, Scale(0.0), Shift(high))
    if (low, high) == (-LARGEST, LARGEST):
        return x
    return call.each(Relu() if (low, high) == (0, LARGEST) else Clip(low, high), x)


def _exponentials(sign: float) -> Meaning:
    """(e ** x + sign * e ** -x) / 2."""

    def meaning(call: Call) -> Value:
        x, exp = call.tensor(0), registry()["exp"]()
        rising, falling = chained(call, x, exp), chained(call, x, Scale(-1.0), exp, Scale(sign))
        return chained(call, call.keep(x, call.apply(registry()["add"](), [rising.ref, falling.ref])), Scale(0.5))

    return meaning


def _tan(call: Call) -> Value:
    x = call.tensor(0)
    parts = [call.each(registry()[word](), x).ref for word in ("sin", "cos")]
    return call.keep(x, call.apply(registry()["div"](), parts))


MEANINGS: Mapping[str, Meaning] = {
    **{word.title().replace("_", ""): each(registry()[word]()) for word in MEMBERS},
    "Celu": _celu,
    "Clip": _clip,
    "Cosh": _exponentials(1.0),
    "Elu": _elu,
    "Gelu": lambda call: call.each(Gelu(tanh=call["approximate"] == "tanh"), call.tensor(0)),
    "HardSigmoid": _hard_sigmoid,
    "LeakyRelu": lambda call: call.each(LeakyRelu(short(call["alpha"])), call.tensor(0)),
    "Neg": each(Scale(-1.0)),
    "Reciprocal": each(Power(-1.0)),
    "Selu": _selu,
    "Shrink": _shrink,
    "Sinh": _exponentials(-1.0),
    "Sqrt": each(Power(0.5)),
    "Swish": _swish,
    "Tan": _tan,
    "ThresholdedRelu": _thresholded_relu,
}
