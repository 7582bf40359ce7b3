"""Activations: each number by itself."""

from __future__ import annotations

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.tables import Meaning
from cnngraph.interop.onnx.reading.values import Tensor
from cnngraph.ir.op import Op
from cnngraph.ops.elu import Elu
from cnngraph.ops.gelu import Gelu
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.mish import Mish
from cnngraph.ops.relu import Relu
from cnngraph.ops.sigmoid import Sigmoid
from cnngraph.ops.softplus import Softplus
from cnngraph.ops.softsign import Softsign
from cnngraph.ops.tanh import Tanh


def plain(op: Op) -> Meaning:
    """An operator without arguments."""
    return lambda call: call.each(op, call.tensor(0))


def elu(call: Call) -> Tensor:
    return call.each(Elu(call["alpha"]), call.tensor(0))


def leaky_relu(call: Call) -> Tensor:
    return call.each(LeakyRelu(_short(call["alpha"])), call.tensor(0))


def gelu(call: Call) -> Tensor:
    return call.each(Gelu(call["approximate"] == "tanh"), call.tensor(0))


def _short(value: float) -> float:
    """The number of float32 as people write it: 0.1, not 0.10000000149."""
    return float(str(np.float32(value)))


MEANINGS = {
    "Elu": elu,
    "Gelu": gelu,
    "LeakyRelu": leaky_relu,
    "Mish": plain(Mish()),
    "Relu": plain(Relu()),
    "Sigmoid": plain(Sigmoid()),
    "Softplus": plain(Softplus()),
    "Softsign": plain(Softsign()),
    "Tanh": plain(Tanh()),
}
