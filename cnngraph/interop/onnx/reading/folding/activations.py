"""Activations that were written out come back as one node.

Before:

    s = Sigmoid(x)        y = Mul(x, s)

After:

    y = Swish(x)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from cnngraph.interop.onnx.reading.folding.pattern import Built, Found, Rule, united
from cnngraph.interop.onnx.reading.foreign import Foreign

PLACE = 10

ERF = "Add(Erf(Div(x, 1.41421356) | Mul(x, 0.70710678)), 1)"
CUBE = "(Pow(x, 3) | Mul(x, Mul(x, x)))"
ANGLE = (
    f"(Mul(Add(x, Mul({CUBE}, 0.044715)), 0.79788456) "
    "| Mul(x, Mul(Add(Mul(Mul(x, x), 0.044715), 1), 0.79788456)) "
    "| Mul(Mul(x, 0.79788456), Add(Mul(Mul(x, x) | Pow(x, 2), 0.044715), 1)))"
)
TANH = f"Add(Tanh({ANGLE}), 1)"
SIX = "(Clip(Add(x, 3), 0, 6) | Min(Relu(Add(x, 3)), 6) | Min(Max(Add(x, 3), 0), 6))"
OF_SIX = f"Div({SIX}, 6) | Mul({SIX}, 0.16666667) | Clip(Add(Mul(x, 0.16666667), 0.5), 0, 1)"
SIXTH = f"({OF_SIX} | HardSigmoid(x, alpha=0.16666667, beta=0.5))"
SOFTPLUS = "(Softplus(x) | Log(Add(Exp(x), 1)))"


def halved(part: str) -> list[str]:
    """x / 2 * part, in the orders in which people multiply."""
    half = "(Mul(x, 0.5) | Div(x, 2))"
    return [f"Mul({half}, {part})", f"Mul(x, Mul({part}, 0.5) | Div({part}, 2))", f"Mul(Mul(x, {part}), 0.5)",
            f"Div(Mul(x, {part}), 2)"]  # fmt: skip


def to(operator: str, **attributes: object) -> Callable[[Found], Built]:
    """One node of x."""
    return lambda found: found.made(operator, found.values["x"], **attributes)


def _swish(found: Found) -> Built | None:
    alpha = found.known["A"]
    return found.made("Swish", found.values["x"], alpha=float(alpha.reshape(()))) if alpha.size == 1 else None


def _leaky(found: Found) -> Built | None:
    slope = found.known["A"]
    is_slope = slope.size == 1 and 0 <= float(slope.reshape(())) < 1
    return found.made("LeakyRelu", found.values["x"], alpha=float(slope.reshape(()))) if is_slope else None


def _clip(found: Found) -> Built | None:
    high = found.known["H"]
    low = found.known.get("L", np.zeros_like(high))
    return found.made("Clip", found.values["x"], low, high) if low.size == high.size == 1 else None


def _log_of_softmax(found: Found) -> Built:
    return found.made("LogSoftmax", found.values["x"], axis=found.attribute("Softmax", "axis"))


def _over_axis(operator: str, found: Found) -> Built | None:
    """Softmax or its logarithm, along the one axis of its sum."""
    axes = found.known["AXES"]
    return found.made(operator, found.values["x"], axis=int(axes.reshape(()))) if axes.size == 1 else None


EXP = "e := (Exp(Sub(x, ReduceMax(x, AXES, keepdims=1))) | Exp(x))"
RULES = (
    Rule(halved(ERF), to("Gelu")),
    Rule(halved(TANH), to("Gelu", approximate="tanh")),
    Rule(["Mul(x, Sigmoid(x))", "Div(x, Add(Exp(Neg(x)), 1))"], to("Swish")),
    Rule(["Mul(x, Sigmoid(Mul(x, A)))"], _swish),
    Rule([f"Mul(x, Tanh({SOFTPLUS}))"], to("Mish")),
    Rule([f"Mul(x, {SIXTH})", f"Div(Mul(x, {SIX}), 6)", f"Mul(Mul(x, {SIX}), 0.16666667)"], to("HardSwish")),
    Rule([OF_SIX], to("HardSigmoid", alpha=1 / 6, beta=0.5)),
    Rule([f"Where(Greater(x, 20), x, {SOFTPLUS})", "Log(Add(Exp(x), 1))"], to("Softplus")),
    Rule(["Max(x, Mul(x, A))"], _leaky),
    Rule(["Div(x, Add(Abs(x), 1))"], to("Softsign")),
    Rule(["Reciprocal(Add(Exp(Neg(x)), 1))", "Div(1, Add(Exp(Neg(x)), 1))"], to("Sigmoid")),
    Rule(["Min(Max(x, L), H)", "Max(Min(x, H), L)", "Min(Relu(x), H)"], _clip),
    Rule([f"Div({EXP}, ReduceSum(e, AXES, keepdims=1))"], partial(_over_axis, "Softmax")),
    Rule(["Sub(s := Sub(x, ReduceMax(x, AXES, keepdims=1)), Log(ReduceSum(Exp(s), AXES, keepdims=1)))",
          "Sub(x, ReduceLogSumExp(x, AXES, keepdims=1))", "Sub(x, Log(ReduceSum(Exp(x), AXES, keepdims=1)))"],
         partial(_over_axis, "LogSoftmax")),
    Rule(["Log(Softmax(x))"], _log_of_softmax),
)  # fmt: skip


def unite(net: Foreign) -> Foreign:
    return united(net, RULES)
