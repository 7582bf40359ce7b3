"""What works on each number by itself, in whatever order the axes are. Most needs no way: it names its counterpart."""

from __future__ import annotations

from onnx import numpy_helper

from cnngraph.interop.onnx.writing.sheet import Value
from cnngraph.interop.onnx.writing.site import Inexpressible, Site


def identity(site: Site) -> Value:
    return site.counterpart(site.value().name, axes=site.value().axes)


def clip(site: Site) -> Value:
    limits = site.numbers("low", site.op.low), site.numbers("high", site.op.high)
    return site.counterpart(site.value().name, *limits, axes=site.value().axes)


def scale(site: Site) -> Value:
    return site.result("Mul", site.value().name, site.numbers("factor", site.op.factor), axes=site.value().axes)


def shift(site: Site) -> Value:
    return site.result("Add", site.value().name, site.numbers("amount", site.op.amount), axes=site.value().axes)


def silu(site: Site) -> Value:
    """ONNX has it from opset 24 on, under the name Swish."""
    x = site.value()
    if site.has_counterpart:
        return site.counterpart(x.name, axes=x.axes)
    return site.result("Mul", x.name, site.add("Sigmoid", x.name), axes=x.axes)


def power(site: Site) -> Value:
    """A root and a reciprocal have words of their own."""
    x, exponent = site.value(), site.op.exponent
    if exponent in ROOTS:
        return site.result(ROOTS[exponent], x.name, axes=x.axes)
    return site.result("Pow", x.name, site.numbers("exponent", exponent), axes=x.axes)


def dropout(site: Site) -> Value:
    """Nothing is dropped in a prediction; the rate is written for who trains the model further."""
    x = site.value()
    if site.op.training:
        raise Inexpressible("it is in the form for training")
    return site.counterpart(x.name, site.numbers("rate", site.op.rate), axes=x.axes)


def prelu(site: Site) -> Value:
    return site.counterpart(site.value().name, per_channel(site, 1), axes=site.value().axes)


def layer_scale(site: Site) -> Value:
    return site.result("Mul", site.value().name, per_channel(site, 1), axes=site.value().axes)


def filled(site: Site) -> Value:
    x = site.value()
    value = site.numbers("value", site.op.value)
    return site.result("Expand", value, site.add("Shape", x.name), axes=x.axes)


def constant(site: Site) -> Value:
    return site.result("Constant", axes=(), value=numpy_helper.from_array(site.op.forward()))


def per_channel(site: Site, number: int) -> str:
    """A kept number for each channel, with axes of 1 so that it meets the first input as that one lies."""
    x = site.value()
    behind = len(x.axes) - 1 - x.axis(-1)
    return site.kept(number, shape=(*site.type(number).concrete, *(1,) * behind)) if behind else site.kept(number)


ROOTS = {0.5: "Sqrt", -1: "Reciprocal"}
WAYS = {
    "clip": clip,
    "constant": constant,
    "dropout": dropout,
    "filled": filled,
    "identity": identity,
    "layer_scale": layer_scale,
    "power": power,
    "prelu": prelu,
    "reverse_gradient": identity,
    "scale": scale,
    "shift": shift,
    "silu": silu,
    "stop_gradient": identity,
}
