"""Activations of darknet, by their names. Source: `activations.h`."""

from __future__ import annotations

from cnngraph.interop.assembly import Refusal
from cnngraph.interop.darknet.importer import Importer, Value
from cnngraph.interop.darknet.sections import Section
from cnngraph.ir.op import Op
from cnngraph.ops.clip import Clip
from cnngraph.ops.elu import Elu
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.mish import Mish
from cnngraph.ops.relu import Relu
from cnngraph.ops.scale import Scale
from cnngraph.ops.sigmoid import Sigmoid
from cnngraph.ops.silu import Silu
from cnngraph.ops.tanh import Tanh

ACTIVATIONS: dict[str, tuple[Op, ...]] = {
    "linear": (),
    "leaky": (LeakyRelu(0.1),),
    "relu": (Relu(),),
    "relu6": (Clip(0.0, 6.0),),
    "logistic": (Sigmoid(),),
    "loggy": (Scale(0.5), Tanh()),  # 2 / (1 + exp(-x)) - 1
    "tanh": (Tanh(),),
    "hardtan": (Clip(-1.0, 1.0),),
    "elu": (Elu(),),
    "swish": (Silu(),),
    "mish": (Mish(),),
    "ramp": (Scale(1.1), LeakyRelu(0.1 / 1.1)),  # x + 0.1 x above 0, 0.1 x below
}


def activated(net: Importer, section: Section, x: Value, default: str) -> Value:
    name = section.word("activation", default)
    if name not in ACTIVATIONS:
        raise Refusal(f"the activation `{name}` has no counterpart", span=section.place("activation"))
    return net.chain(section, x, ACTIVATIONS[name])
