"""Layers that bend each value by itself, and softmax."""

from __future__ import annotations

from collections.abc import Callable
from math import e, log

from cnngraph.interop.assembly import Refusal
from cnngraph.interop.caffe.blob import Blob
from cnngraph.interop.caffe.fields import Fields
from cnngraph.interop.caffe.importer import Importer, Meaning, of_one, only
from cnngraph.interop.caffe.network import Layer
from cnngraph.interop.imported import Axes
from cnngraph.ir.op import Op
from cnngraph.ops.abs import Abs
from cnngraph.ops.argmax import Argmax
from cnngraph.ops.clip import Clip
from cnngraph.ops.dropout import Dropout
from cnngraph.ops.elu import Elu
from cnngraph.ops.exp import Exp
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.log import Log
from cnngraph.ops.power import Power
from cnngraph.ops.relu import Relu
from cnngraph.ops.scale import Scale
from cnngraph.ops.shift import Shift
from cnngraph.ops.sigmoid import Sigmoid
from cnngraph.ops.silu import Silu
from cnngraph.ops.softmax import Softmax
from cnngraph.ops.softplus import Softplus
from cnngraph.ops.tanh import Tanh


def chain(net: Importer, layer: Layer, x: Blob, *ops: Op) -> Blob:
    """The operators one after the other; the last has the name of the layer. Without any the blob as it is."""
    ref = x.ref
    for op in ops[:-1]:
        ref = net.apply(layer, op, [ref], part=op.name).ref
    node = net.apply(layer, ops[-1], [ref]) if ops else None
    return Blob(node.ref, node.type, x.axes, x.flattened) if node else x


def pointwise(ops: Callable[[Fields], list[Op]], parameters: str = "") -> Meaning:
    """A layer that is a chain of operators, by what stands in its parameters."""
    return of_one(lambda net, layer, x: chain(net, layer, x, *ops(layer.fields.below(parameters or "no_param"))))


def relu(fields: Fields) -> list[Op]:
    slope = fields.number("negative_slope", 0.0)
    return [LeakyRelu(slope) if slope else Relu()]


def line(fields: Fields) -> list[Op]:
    """shift + scale * x."""
    factor, amount = fields.number("scale", 1.0), fields.number("shift", 0.0)
    return [*([Scale(factor)] if factor != 1 else []), *([Shift(amount)] if amount else [])]


def power(fields: Fields) -> list[Op]:
    exponent = fields.number("power", 1.0)
    return [*line(fields), *([Power(exponent)] if exponent != 1 else [])]


def base(fields: Fields) -> float:
    """Of a power or a logarithm: -1 stands for e."""
    found = fields.number("base", -1.0)
    if found != -1 and (found <= 0 or found == 1):
        raise Refusal(f"there is no base {found}", span=fields.place("base"))
    return e if found == -1 else found


def exponential(fields: Fields) -> list[Op]:
    """base ^ z = e ^ (z * ln(base))."""
    found = base(fields)
    return [*line(fields), *([Scale(log(found))] if found != e else []), Exp()]


def logarithm(fields: Fields) -> list[Op]:
    found = base(fields)
    return [*line(fields), Log(), *([Scale(1 / log(found))] if found != e else [])]


def swish(fields: Fields) -> list[Op]:
    if fields.number("beta", 1.0) != 1:
        raise Refusal("only swish with beta = 1 has a counterpart", span=fields.place("beta"))
    return [Silu()]


def dropout(fields: Fields) -> list[Op]:
    fields.ignore("scale_train")
    return [Dropout(fields.number("dropout_ratio", 0.5))]


def softmax(net: Importer, layer: Layer, bottoms: list[Blob]) -> list[Blob]:
    """A loss of that name can give it as a second result."""
    x = only(bottoms)
    x.require_channels(layer.fields.below("softmax_param").whole("axis", 1, low=-8), "softmax")
    return [chain(net, layer, x, Softmax())] * len(layer.tops)


def argmax(net: Importer, layer: Layer, x: Blob) -> Blob:
    fields = layer.fields.below("argmax_param")
    if fields.flag("out_max_val", False) or fields.whole("top_k", 1) != 1 or "axis" in fields or len(x.sizes) != 1:
        raise Refusal("only the number of the largest feature of a vector has a counterpart")
    node = net.apply(layer, Argmax(), [net.settled(x, layer).ref])
    return Blob(node.ref, node.type, Axes((0, None, None), 1))  # (N, 1, 1) there


LAYERS: dict[str, Meaning] = {
    "ReLU": pointwise(relu, "relu_param"),
    "ReLU6": pointwise(lambda fields: [Clip(0.0, 6.0)]),
    "Clip": pointwise(lambda fields: [Clip(fields.number("min", 0.0), fields.number("max", 0.0))], "clip_param"),
    "ELU": pointwise(lambda fields: [Elu(fields.number("alpha", 1.0))], "elu_param"),
    "Sigmoid": pointwise(lambda fields: [Sigmoid()], "sigmoid_param"),
    "TanH": pointwise(lambda fields: [Tanh()], "tanh_param"),
    "AbsVal": pointwise(lambda fields: [Abs()]),
    "BNLL": pointwise(lambda fields: [Softplus()]),
    "Swish": pointwise(swish, "swish_param"),
    "Power": pointwise(power, "power_param"),
    "Exp": pointwise(exponential, "exp_param"),
    "Log": pointwise(logarithm, "log_param"),
    "Dropout": pointwise(dropout, "dropout_param"),
    "ArgMax": of_one(argmax),
    "Softmax": softmax,
}
