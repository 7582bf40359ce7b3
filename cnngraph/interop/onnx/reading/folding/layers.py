"""Sums, products and margins beside a layer become part of it.

Before:

    z = MatMul(x, W)    y = Add(z, b)                           a linear layer and its bias
    p = Pad(x, ...)     c = Conv(p, W)    y = Mul(c, s)         a margin of zeros, a factor for each channel
    n = Mul(x, s)       y = Add(n, b)                           a line for each channel, as batch norm leaves it

After:

    y = cnngraph.Linear(x, W, b)
    y = Conv(x, W * s)
    y = cnngraph.Line(x, s, b, 0, 1)

A layer is changed only where nothing else reads what it gave before.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnngraph.interop.onnx.reading.folding.pattern import Built, Found, Rule, united
from cnngraph.interop.onnx.reading.foreign import Foreign
from cnngraph.ir.op import Array

PLACE = 30
EPSILON = 1e-5


def _linear(found: Found) -> Built | None:
    weight, bias = found.known["W"], found.known["B"]
    if weight.ndim != 2 or bias.size != weight.shape[1] or bias.ndim > 1 or not found.alone("MatMul"):
        return None
    return found.made("cnngraph.Linear", found.values["x"], found.values["W"], found.values["B"])


def _gemm(found: Found) -> Built | None:
    """A bias behind Gemm, which has its own."""
    gemm, bias = found.node("Gemm"), found.known["B"]
    if bias.ndim > 1 or not found.alone("Gemm"):
        return None
    given = found.known.get("C", np.zeros((), np.float32)) * np.float32(gemm.attributes.get("beta", 1.0))
    total = np.asarray(bias + given)
    return found.made("Gemm", *gemm.inputs[:2], total, **{**gemm.attributes, "beta": 1.0}) if total.ndim < 2 else None


# ---- convolutions ----


def _channelwise(array: Array, channels: int) -> Array | None:
    """Numbers of shape (C, 1, 1), (1, C, 1, 1), or one for all, as (C,); None where they are something else."""
    if array.size == 1:
        return np.full(channels, array.reshape(()), array.dtype)
    trailing = array.shape[array.ndim - 1 - _behind(array) :] if array.size == channels else ()
    return array.reshape(-1) if trailing and trailing[0] == channels and len(trailing) > 1 else None


def _behind(array: Array) -> int:
    """How many axes follow the last one that has a size."""
    return next((i for i, n in enumerate(reversed(array.shape)) if n != 1), 0)


def _after_conv(found: Found) -> Built | None:
    """Conv or ConvTranspose, then a factor or a summand for each channel."""
    conv = found.nodes[1]
    weight = found.known["W"]
    is_conv, rank = conv.operator == "Conv", weight.ndim - 2
    group = int(conv.attributes.get("group", 1))
    channels = weight.shape[0] if is_conv else weight.shape[1] * group
    given = _channelwise(found.known["S"], channels)
    if given is None or not found.alone(conv.operator) or found.known["S"].ndim > rank + 2:
        return None
    if found.known["S"].size > 1 and _behind(found.known["S"]) != rank:
        return None
    bias = found.known.get("B", np.zeros(channels, weight.dtype))
    if found.root.operator == "Add":
        return found.made(conv.operator, conv.inputs[0], conv.inputs[1], bias + given, **conv.attributes)
    if not is_conv and group > 1:
        return None
    factor = given.reshape(-1, *(1,) * (rank + 1)) if is_conv else given.reshape(1, -1, *(1,) * rank)
    more = [bias * given] if "B" in found.known else []
    return found.made(conv.operator, conv.inputs[0], weight * factor, *more, **conv.attributes)


def _padded(found: Found) -> Built | None:
    """A margin of zeros before a convolution, or of what no pool takes before one."""
    layer, pads = found.nodes[0], found.known["PADS"].reshape(-1).astype(int)
    value = found.known.get("V")
    is_pool = layer.operator == "MaxPool"
    number = 0.0 if value is None or value.size == 0 else float(value.reshape(-1)[0])
    rank = len(pads) // 2 - 2
    edge = [*pads[:2], *pads[rank + 2 : rank + 4]]
    fits = number < -1e30 if is_pool else number == 0
    if rank < 1 or any(edge) or (pads < 0).any() or not fits or layer.attributes.get("auto_pad", "NOTSET") != "NOTSET":
        return None
    own = layer.attributes.get("pads") or [0] * 2 * rank
    if (layer.operator == "AveragePool" and (any(own) or not layer.attributes.get("count_include_pad"))) or (
        layer.operator == "AveragePool" and layer.attributes.get("ceil_mode")
    ):
        return None
    sides = [int(n) for n in (*pads[2 : rank + 2], *pads[rank + 4 :])]
    total = [a + b for a, b in zip(own, sides, strict=True)]
    return replace(
        layer, inputs=(found.values["x"], *layer.inputs[1:]), attributes={**layer.attributes, "pads": total}
    ), {}


# ---- a line for each channel ----


def _line(found: Found) -> Built | None:
    """(x - M) / D * S + T, or as much of that as there is, along one axis: it has so many axes behind it."""
    arrays = [found.known[name] for name in "MDST" if name in found.known]
    wide = [a for a in arrays if a.size > 1]
    if not wide or any(a.ndim != wide[0].ndim or _behind(a) != _behind(wide[0]) for a in wide) or _behind(wide[0]) < 1:
        return None
    channels = max(a.size for a in wide)
    parts = {name: _channelwise(found.known[name], channels) for name in "MDST" if name in found.known}
    if any(part is None for part in parts.values()) or wide[0].ndim - 1 - _behind(wide[0]) > 1:
        return None
    one, zero = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    scale, shift, mean, deviation = (
        found_ if (found_ := parts.get(name)) is not None else default
        for name, default in (("S", one), ("T", zero), ("M", zero), ("D", one))
    )
    variance = (deviation.astype(np.float64) ** 2 - EPSILON).astype(np.float32)
    if (variance < 0).any():
        scale, variance = scale / deviation, one - np.float32(EPSILON)
    return found.made("cnngraph.Line", found.values["x"], scale, shift, mean, variance, epsilon=EPSILON,
                      behind=_behind(wide[0]), rank=max(a.ndim for a in arrays))  # fmt: skip


def _neighbours(found: Found) -> Built | None:
    """Local response normalization as PyTorch writes it: squares, their mean over neighbouring channels, a root."""
    kernel = found.attribute("AveragePool", "kernel_shape")
    alpha, bias, beta = (found.known[name] for name in ("ALPHA", "K", "BETA"))
    if not isinstance(kernel, list) or any(n != 1 for n in kernel[1:]) or any(a.size != 1 for a in (alpha, bias, beta)):
        return None
    fields = {"alpha": alpha, "bias": bias, "beta": beta}
    numbers = {name: float(array.reshape(())) for name, array in fields.items()}
    return found.made("LRN", found.values["x"], size=kernel[0], **numbers)


SQUARES = "(Mul(x, x) | Pow(x, 2))"
WIDE = f"(Reshape({SQUARES}, s) | Unsqueeze({SQUARES}, s))"
MEANS = f"AveragePool({WIDE} | Pad({WIDE}, p) | Pad({WIDE}, p, 0))"
CHOSEN = f"If(Equal(Gather(Shape({MEANS}), 1), 1))"  # a squeeze, if there is anything to squeeze
LOCAL = f"(Squeeze({MEANS}, t) | Reshape(Squeeze({MEANS}, t), u) | Reshape({CHOSEN}, t) | Reshape({MEANS}, t))"

CONVS = "(Conv(x, W) | Conv(x, W, B) | ConvTranspose(x, W) | ConvTranspose(x, W, B))"
PAD = "(Pad(x, PADS, mode='constant') | Pad(x, PADS, V, mode='constant'))"
NORMED = "(Div(Sub(x, M), D) | Mul(Sub(x, M), S) | Sub(x, M))"

RULES = (
    Rule(["Add(MatMul(x, W), B)"], _linear),
    Rule(["Add(Gemm(x, W, C) | Gemm(x, W), B)"], _gemm),
    Rule([f"Mul({CONVS}, S)", f"Add({CONVS}, S)"], _after_conv),
    Rule([f"Conv({PAD}, w) | Conv({PAD}, w, b) | MaxPool({PAD}) | AveragePool({PAD})"], _padded),
    Rule(["Add(Mul(Div(Sub(x, M), D), S), T)", "Add(Mul(Sub(x, M), S), T)", "Add(Div(Sub(x, M), D), T)",
          "Add(Mul(x, S), T)"], _line),
    Rule([f"Div(x, Pow(Add(Mul({LOCAL}, ALPHA), K), BETA))"], _neighbours),
)  # fmt: skip


def unite(net: Foreign) -> Foreign:
    return united(net, RULES)
